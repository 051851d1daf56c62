/* The heap profile: which allocations are sampled, and what becomes of the samples. Poisson by bytes: every
 * byte that the program asks for is the end of a distance with the same probability, so a block of s bytes is
 * sampled with probability 1 - e^(-s/interval), whatever was allocated before it. */
#ifndef PREFLAME_PROFILERS_HEAP_H
#define PREFLAME_PROFILERS_HEAP_H

#include "base/compiler.h"
#include "capture/live.h"
#include "capture/thread.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Mean bytes between two samples, 1 = every allocation. Until then nothing is taken. Boot-only; needs
 * capture.live and capture.buckets. */
void heap_start(int64_t interval);

/* An allocation of `size` bytes is about to be made. True: nothing else is due. Hook-safe. */
static inline bool heap_passes(size_t size)
{
    uint64_t left = thread_self.heap_left;
    if (UNLIKELY(size >= left))
        return false;
    thread_self.heap_left = left - size;
    return true;
}

/* Where heap_passes says false: begins the next distance, and says whether this allocation is to be counted.
 * Hook-safe. */
bool heap_takes(size_t size);

/* Counts a block that was taken; NULL, an allocation that failed, counts for nothing. Called before the
 * program knows of the block. Keeps errno. Hook-safe. */
void heap_allocated(const void *block, size_t size);

/* A block that may be sampled is about to be released: by whatever thread, since a sampled block must not
 * stay. Signal-safe. */
void heap_freed(const void *block);

/* The same in two steps, for a call that may fail and leave the block: out of the live set (false: it wasn't
 * in it), then counted as freed, or back. Signal-safe. */
bool heap_lift(const void *block, struct live_sample *ret);
void heap_drop(const struct live_sample *sample);
void heap_put_back(const void *block, const struct live_sample *sample);

#endif
