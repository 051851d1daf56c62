/* One array, handed out from its beginning on; each block behind its size. */
#include "hooks/early_heap.h"

#include "capture/live.h"

#include <errno.h>

#define EARLY_BYTES 16384
#define ALIGNMENT 16

static _Alignas(ALIGNMENT) unsigned char memory[EARLY_BYTES];
static _Atomic size_t used;

void *early_heap_take(size_t size)
{
    size_t room = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT;
    size_t at = size < EARLY_BYTES ? atomic_load_explicit(&used, memory_order_relaxed) : EARLY_BYTES;
    do {
        if (room > EARLY_BYTES - at) {
            errno = ENOMEM;
            return NULL;
        }
    } while (!atomic_compare_exchange_weak_explicit(&used, &at, at + room, memory_order_relaxed,
                                                    memory_order_relaxed));
    *(size_t *)(void *)&memory[at] = size;
    void *block = &memory[at + ALIGNMENT];
    live_filter_keep(block);
    return block;
}

bool early_heap_has(const void *block)
{
    return (const unsigned char *)block >= memory && (const unsigned char *)block < memory + EARLY_BYTES;
}

size_t early_heap_size(const void *block)
{
    return *(const size_t *)(const void *)((const unsigned char *)block - ALIGNMENT);
}
