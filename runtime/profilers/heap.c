/* Distances, and the way of a sample into its bucket and the live set. Values of a bucket: blocks and bytes
 * allocated, blocks and bytes freed, as sampled; they are scaled up when they are read. */
#include "profilers/heap.h"

#include "capture/capture.h"
#include "profilers/random.h"

#include <errno.h>
#include <pthread.h>

#define SIZE_CLASS_BITS 4      /* sixteen classes from one power of two to the next */
#define EXACT_SIZES_UNTIL 8192 /* buckets; then a stack's sizes share those of their classes */

static int64_t heap_interval;

void heap_start(int64_t interval)
{
    heap_interval = interval;
}

/* -ln of a number between 0 and 1, given in units of 2^-53. The mantissa is brought near 1, where the series
 * of the area tangent is good to nine digits after five terms. */
static double minus_log(uint64_t number)
{
    const double ln_2 = 0.6931471805599453, root_2 = 1.4142135623730951;
    int exponent = 63 - __builtin_clzll(number);
    double mantissa = (double)number / (double)(UINT64_C(1) << exponent);
    if (mantissa > root_2) {
        mantissa /= 2;
        exponent++;
    }
    double t = (mantissa - 1) / (mantissa + 1), square = t * t;
    double series = 1 + square * (1. / 3 + square * (1. / 5 + square * (1. / 7 + square / 9)));
    return (53 - exponent) * ln_2 - 2 * t * series;
}

/* Bytes until the next sample: exponential. The block that holds the last of them is sampled. */
static uint64_t next_distance(void)
{
    uint64_t random = (random_next() >> 11) | 1; /* 53 bits, not 0 */
    return (uint64_t)((double)heap_interval * minus_log(random)) + 1;
}

/* Allocations of preflame's own are nobody's. A thread that has ended is the program's still. */
static bool is_program(void)
{
    return !thread_self.guard && (!thread_self.is_internal || thread_self.is_ended);
}

bool heap_takes(size_t size)
{
    if (heap_interval <= 1)
        return heap_interval && is_program();
    if (!thread_self.heap_left) { /* the thread's first */
        thread_self.heap_left = next_distance();
        if (heap_passes(size))
            return false;
    }
    thread_self.heap_left = next_distance();
    return is_program();
}

/* A thread that has ended has given its slot back: it borrows one, for the scratch that a walk needs. */
static uint32_t stack_of_ended(void)
{
    struct thread_slot *slot = thread_slot_take(capture.threads);
    if (!slot)
        return 0;
    slot->is_internal = true;
    slot->stack_low = (uintptr_t)__builtin_frame_address(0);
    slot->stack_high = (uintptr_t)pthread_self() & ~(uintptr_t)7; /* above the stack of all but the first */
    thread_self.slot = slot;
    uint32_t stack = capture_here();
    thread_self.slot = NULL;
    thread_slot_leave(capture.threads, slot);
    return stack;
}

/* What tells blocks of one stack apart: their size, while few buckets are in use. Sizes of one class differ
 * by a sixteenth at most, and the mean of a bucket scales it up when it is read. */
static uint64_t size_detail(uint64_t size)
{
    if (size < 1 << SIZE_CLASS_BITS ||
        atomic_load_explicit(&capture.buckets->used, memory_order_relaxed) < EXACT_SIZES_UNTIL)
        return size;
    unsigned shift = 63 - SIZE_CLASS_BITS - (unsigned)__builtin_clzll(size);
    return size >> shift << shift;
}

static void count(const void *block, size_t size)
{
    struct bucket_key key = {.kind = BUCKET_HEAP, .detail = size_detail(size), .labels = thread_self.labels};
    key.stack = UNLIKELY(thread_self.is_ended) ? stack_of_ended() : capture_here();
    struct bucket *bucket = bucket_of(capture.buckets, &key);
    if (!bucket)
        return;
    bucket_add(bucket, 0, 1);
    bucket_add(bucket, 1, (int64_t)size);
    struct live_sample sample = {.bucket = (uint32_t)(bucket - capture.buckets->entries), .size = size};
    heap_put_back(block, &sample);
}

void heap_allocated(const void *block, size_t size)
{
    if (!block)
        return;
    int error = errno;
    thread_self.guard++;
    if (live_may_hold(block)) /* whoever released it went past us */
        heap_freed(block);
    count(block, size);
    thread_self.guard--;
    errno = error;
}

bool heap_lift(const void *block, struct live_sample *ret)
{
    return capture.live && live_take(capture.live, block, ret);
}

void heap_drop(const struct live_sample *sample)
{
    struct bucket *bucket = &capture.buckets->entries[sample->bucket];
    bucket_add(bucket, 2, 1);
    bucket_add(bucket, 3, (int64_t)sample->size);
}

/* A block that isn't held won't be seen released: it counts as allocated, and not as in use. */
void heap_put_back(const void *block, const struct live_sample *sample)
{
    if (!live_enter(capture.live, block, sample))
        heap_drop(sample);
}

void heap_freed(const void *block)
{
    struct live_sample sample;
    if (heap_lift(block, &sample))
        heap_drop(&sample);
}
