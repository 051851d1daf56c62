// heap_exact: each allocation call from a function of its own; some blocks are kept. Prints who allocated
// what. With an argument: without what not every allocator has.
#include "heap_known.h"

#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

namespace
{

const size_t sizes[] = {1, 24, 100, 5000, 200000, 3000000};
const size_t wide_sizes[] = {256, 1024, 5120, 200192}; // libstdc++ rounds up to the alignment
const std::align_val_t wide{256};

} // namespace

// Its address is taken: in heap_exact_fixed that makes it one of the executable's own.
OUTLINE static void *call_one(void *(*allocate)(size_t), size_t size)
{
    void *block = allocate(size);
    STAY;
    return block;
}

// The names of the profile: with C's linkage, as written.
extern "C" {

#define ALLOCATES(name, call)                                                                                \
    OUTLINE void *name(size_t size)                                                                          \
    {                                                                                                        \
        void *block = call;                                                                                  \
        STAY;                                                                                                \
        return block;                                                                                        \
    }

ALLOCATES(by_malloc, call_one(malloc, size))
ALLOCATES(by_calloc, calloc(1, size))
ALLOCATES(by_realloc, realloc(nullptr, size))
ALLOCATES(by_reallocarray, reallocarray(nullptr, size, 1))
ALLOCATES(by_memalign, memalign(64, size))
ALLOCATES(by_aligned_alloc, aligned_alloc(64, size))
ALLOCATES(by_valloc, valloc(size))
ALLOCATES(by_pvalloc, pvalloc(size))
ALLOCATES(by_new, operator new(size))
ALLOCATES(by_new_array, operator new[](size))
ALLOCATES(by_nothrow_new, operator new(size, std::nothrow))
ALLOCATES(by_nothrow_new_array, operator new[](size, std::nothrow))
ALLOCATES(by_aligned_new, operator new(size, wide))
ALLOCATES(by_aligned_new_array, operator new[](size, wide))

OUTLINE void *by_posix_memalign(size_t size)
{
    void *block = nullptr;
    if (posix_memalign(&block, 64, size))
        abort();
    return block;
}

OUTLINE void *by_strdup(size_t size)
{
    static char text[4000000];
    memset(text, 'x', size);
    text[size - 1] = 0;
    char *copy = strdup(text);
    STAY;
    return copy;
}

OUTLINE void *grown(void *block, size_t size, bool is_array)
{
    void *moved = is_array ? reallocarray(block, size, 1) : realloc(block, size);
    STAY;
    return moved;
}
}

namespace
{

void plain_delete(void *block)
{
    operator delete(block);
}
void array_delete(void *block)
{
    operator delete[](block);
}
void nothrow_delete(void *block)
{
    operator delete(block, std::nothrow);
}
void nothrow_array_delete(void *block)
{
    operator delete[](block, std::nothrow);
}
void aligned_delete(void *block)
{
    operator delete(block, wide);
}
void aligned_array_delete(void *block)
{
    operator delete[](block, wide);
}

struct pair {
    const char *name;
    void *(*allocate)(size_t size);
    void (*release)(void *block);
};

const pair pairs[] = {
#define PAIR(name, release)                                                                                  \
    {                                                                                                        \
#name, name, release                                                                                 \
    }
    PAIR(by_malloc, free),
    PAIR(by_calloc, free),
    PAIR(by_realloc, free),
    PAIR(by_reallocarray, free),
    PAIR(by_memalign, free),
    PAIR(by_aligned_alloc, free),
    PAIR(by_posix_memalign, free),
    PAIR(by_valloc, free),
    PAIR(by_strdup, free),
    PAIR(by_new, plain_delete),
    PAIR(by_new_array, array_delete),
    PAIR(by_nothrow_new, nothrow_delete),
    PAIR(by_nothrow_new_array, nothrow_array_delete),
    PAIR(by_aligned_new, aligned_delete),
    PAIR(by_aligned_new_array, aligned_array_delete),
    PAIR(by_pvalloc, free), // the last: not every allocator has it
};
const size_t pair_count = sizeof(pairs) / sizeof(pairs[0]);

heap_known known[pair_count + 1];

// Three of seven blocks of each size are kept.
template <size_t count> void use(size_t at, const size_t (&each)[count])
{
    known[at].name = pairs[at].name;
    for (size_t size : each) {
        for (int i = 0; i < 7; i++) {
            void *block = pairs[at].allocate(size);
            heap_known_allocated(&known[at], size);
            if (i < 3)
                continue;
            pairs[at].release(block);
            heap_known_freed(&known[at], size);
        }
    }
}

// Each step is an allocation and a release, in place or not; steps that fail leave the block.
void grow(heap_known *one)
{
    one->name = "grown";
    for (int is_array = 0; is_array < 2; is_array++) {
        void *block = nullptr;
        size_t held = 0;
        for (size_t size : sizes) {
            block = grown(block, size, is_array);
            heap_known_allocated(one, size);
            if (held)
                heap_known_freed(one, held);
            held = size;
            volatile size_t too_much = static_cast<size_t>(-1) / 2;
            if (grown(block, too_much, is_array))
                abort();
        }
    }
}

} // namespace

int main(int argc, char **)
{
    size_t count = pair_count - (argc > 1);
    for (size_t i = 0; i < count; i++)
        strstr(pairs[i].name, "aligned_new") ? use(i, wide_sizes) : use(i, sizes);
    grow(&known[count]);
    heap_known_print(known, count + 1);
    return 0;
}
