/* Small blocks are the allocator's, large ones the kernel's. */
#include "base/block.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool is_mapped(size_t size)
{
    return size >= BLOCK_MAPPED_BYTES;
}

void *block_new(size_t size)
{
    if (!is_mapped(size))
        return calloc(1, size ? size : 1);
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data == MAP_FAILED ? NULL : data;
}

void *block_resized(void *data, size_t old_size, size_t size)
{
    if (!is_mapped(size) && (!data || !is_mapped(old_size)))
        return realloc(data, size ? size : 1);
    if (data && is_mapped(old_size) && is_mapped(size)) {
        void *moved = mremap(data, old_size, size, MREMAP_MAYMOVE);
        return moved == MAP_FAILED ? NULL : moved;
    }
    void *moved = block_new(size);
    if (moved && data) {
        memcpy(moved, data, old_size < size ? old_size : size);
        block_free(data, old_size);
    }
    return moved;
}

void block_free(void *data, size_t size)
{
    if (data && is_mapped(size))
        munmap(data, size);
    else
        free(data);
}
