/* Every allocation call of C: results, alignment, contents, errno. Compiled without builtins. With an
 * argument: without pvalloc and cfree, which not every allocator has. */
#include "transcript.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Old programs call it; it can't be linked any more but by its version. */
__asm__(".symver old_cfree, cfree@GLIBC_2.2.5");
void old_cfree(void *block);

/* Sizes of 0 are what is tried here. */
/* NOLINTBEGIN(clang-analyzer-optin.portability.UnixAPI) */
#define PAGE 4096

static bool has_all;
static char untouched;
static char *volatile kept; /* what the compiler believes to be freed, and isn't */

static const size_t sizes[] = {0, 1, 7, 8, 24, 100, 4096, 100000, 3000000, (size_t)40 << 20};
static const size_t senseless[] = {(size_t)PTRDIFF_MAX - 4096, (size_t)PTRDIFF_MAX + 1, SIZE_MAX - 4096,
                                   SIZE_MAX};
static const size_t alignments[] = {0, 1, 3, 8, 16, 24, 64, PAGE, (size_t)1 << 21, SIZE_MAX / 2 + 2};

static const char *named(int error)
{
    const char *name = error ? strerrorname_np(error) : "0";
    return name ? name : "?";
}

/* Writes to the first, middle and last byte that were asked for. */
static void use(void *block, size_t size)
{
    unsigned char *bytes = block;
    if (block && size) {
        bytes[0] = bytes[size / 2] = 1;
        bytes[size - 1] = 2;
    }
}

/* One line about a block, and its end. */
static void tell(const char *name, size_t size, size_t alignment, void *block)
{
    int error = errno;
    size_t usable = malloc_usable_size(block);
    size_t step = alignment ? alignment : 8;
    transcript_line("%s %zu by %zu: %s, errno %s, aligned %s, usable %s", name, size, alignment,
                    block ? "a block" : "NULL", named(error), size && (uintptr_t)block % step ? "no" : "yes",
                    usable >= size ? "enough" : "less");
    use(block, block ? size : 0);
    errno = ENOTBLK;
    free(block);
    if (errno != ENOTBLK)
        transcript_line("free changed errno to %s", named(errno));
}

static void try_sizes(const size_t *each, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        errno = 0;
        tell("malloc", each[i], 0, malloc(each[i]));
        errno = 0;
        tell("calloc", each[i], 0, calloc(1, each[i]));
        errno = 0;
        tell("realloc of NULL", each[i], 0, realloc(NULL, each[i]));
        errno = 0;
        tell("reallocarray of NULL", each[i], 0, reallocarray(NULL, each[i], 1));
        errno = 0;
        tell("valloc", each[i], PAGE, valloc(each[i]));
        errno = 0;
        if (has_all)
            tell("pvalloc", each[i], PAGE, pvalloc(each[i]));
    }
}

static void try_alignments(size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(alignments); i++) {
        size_t alignment = alignments[i];
        bool is_power = alignment && !(alignment & (alignment - 1));
        errno = 0;
        tell("aligned_alloc", size, is_power ? alignment : 1, aligned_alloc(alignment, size));
        errno = 0;
        tell("memalign", size, is_power ? alignment : 1, memalign(alignment, size));
        void *block = &untouched;
        errno = 0;
        int result = posix_memalign(&block, alignment, size);
        transcript_line("posix_memalign %zu by %zu = %s, errno %s, %s", size, alignment, named(result),
                        named(errno), block == &untouched ? "untouched" : "set");
        if (!result)
            tell("posix_memalign", size, alignment, block);
    }
}

static void products_overflow(void)
{
    static const size_t counts[] = {SIZE_MAX / 2, SIZE_MAX, (size_t)1 << 33};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        errno = 0;
        tell("calloc overflowing", counts[i], 0, calloc(counts[i], (size_t)1 << 32));
        kept = malloc(16);
        memset(kept, 'k', 16);
        errno = 0;
        void *moved = reallocarray(kept, counts[i], (size_t)1 << 32);
        transcript_line("reallocarray overflowing: %s, errno %s, old %.16s", moved ? "a block" : "NULL",
                        named(errno), kept);
        errno = 0;
        moved = realloc(kept, senseless[i]);
        transcript_line("realloc to too much: %s, errno %s, old %.16s", moved ? "a block" : "NULL",
                        named(errno), kept);
        free(kept);
    }
}

static bool holds(const unsigned char *bytes, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

static void contents_move_along(void)
{
    size_t held = 1;
    unsigned char *bytes = malloc(held);
    bytes[0] = 'x';
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        size_t wanted = sizes[i] + 1;
        bytes = i % 2 ? realloc(bytes, wanted) : reallocarray(bytes, wanted, 1);
        size_t both = held < wanted ? held : wanted;
        transcript_line("moved to %zu: contents %s", wanted, holds(bytes, both, 'x') ? "kept" : "lost");
        memset(bytes, 'x', wanted);
        held = wanted;
    }
    errno = 0;
    void *nothing = realloc(bytes, 0);
    transcript_line("realloc to 0: %s, errno %s", nothing ? "a block" : "NULL", named(errno));
    free(nothing);
}

static void cleared_blocks_are_zero(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned char *dirty = malloc(sizes[i]);
        memset(dirty, 0xff, sizes[i]);
        free(dirty);
        unsigned char *clear = calloc(sizes[i] / 8, 8);
        transcript_line("calloc of %zu: %s", sizes[i], holds(clear, sizes[i] / 8 * 8, 0) ? "zero" : "dirty");
        (has_all ? old_cfree : free)(clear);
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    has_all = argc < 2;
    free(malloc(1)); /* some allocators leave an errno of their own start */
    transcript_begin();
    try_sizes(sizes, ARRAY_SIZE(sizes));
    try_sizes(senseless, ARRAY_SIZE(senseless));
    try_alignments(0);
    try_alignments(100);
    try_alignments(SIZE_MAX - 64);
    products_overflow();
    contents_move_along();
    cleared_blocks_are_zero();
    errno = ENOTBLK;
    free(NULL);
    transcript_line("free of NULL: errno %s; malloc_usable_size of NULL: %zu", named(errno),
                    malloc_usable_size(NULL));
    return 0;
}
/* NOLINTEND(clang-analyzer-optin.portability.UnixAPI) */
