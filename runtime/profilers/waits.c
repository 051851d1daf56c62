/* Sampling of waits in proportion to their length, as Go's block profile since 1.17: unbiased, and cheap for
 * the many short ones. */
#include "profilers/waits.h"

#include "base/clock.h"
#include "base/marker.h"
#include "base/wait.h"
#include "capture/capture.h"
#include "profilers/contention.h"
#include "profilers/random.h"

#include <errno.h>

#define WAITED_NS 50000 /* a call that took as long has waited: to send on loopback may be 20 us of work */
#define LONG_NS INT64_C(100000000)
#define STREAK 8        /* calls in a row that didn't, before some are skipped */
#define CHARGE_NS 10000 /* releases that end less waiting are counted in proportion */
/* Calls shorter than WAITED_NS are counted that much more seldom: a sample costs some microseconds in a
 * server whose caches are full of other things. At the usual rate it is one in 5 ms of such calls. */
#define SHORT_TIMES 500
/* Longer ones too, or a server that waits for each request for 60 us would pay a sample each time, and one
 * that is put off the CPU in every tenth write as well. At the usual rate it is one in 1 ms. */
#define IO_TIMES 100
/* Event loops wait for tens of microseconds, many thousand times a second, and always in the same place:
 * their waits are counted that much more seldom. At the usual rate that is one sample in 10 ms of waiting,
 * as a CPU profile has one in 10 ms of computing. */
#define POLL_TIMES 1000

static int64_t block_rate_ns;
static int64_t short_rate_ns; /* of calls shorter than WAITED_NS */
static int64_t io_rate_ns;    /* of longer ones for I/O */
static int64_t poll_rate_ns;  /* of the reason WAIT_POLL */
static uint32_t mutex_fraction;

void waits_start(int64_t rate_ns, int64_t fraction)
{
    block_rate_ns = rate_ns;
    bool is_every = rate_ns <= 1; /* or none */
    short_rate_ns = is_every ? rate_ns : rate_ns * SHORT_TIMES;
    io_rate_ns = is_every ? rate_ns : rate_ns * IO_TIMES;
    poll_rate_ns = is_every ? rate_ns : rate_ns * POLL_TIMES;
    mutex_fraction = (uint32_t)fraction;
    if (rate_ns || fraction)
        atomic_fetch_or_explicit(&capture.hooks_active, HOOK_WAITS, memory_order_release);
}

bool waits_are_counted(void)
{
    return block_rate_ns || mutex_fraction;
}

/* Whether an amount is counted; a small one is with probability amount/rate, and then stands for `rate`.
 * *count grows in the same proportion. */
static bool is_counted(int64_t rate, int64_t *amount, int64_t *count)
{
    if (*amount >= rate)
        return true;
    if (*amount <= 0 || (int64_t)random_below((uint64_t)rate) >= *amount)
        return false;
    *count = (*count * rate + *amount / 2) / *amount;
    *amount = rate;
    return true;
}

static void add(uint32_t kind, uint32_t stack, uint32_t other, uint64_t detail, int64_t first, int64_t second,
                int64_t third)
{
    struct bucket_key key = {
        .kind = kind, .stack = stack, .detail = detail, .other = other, .labels = thread_self.labels};
    struct bucket *bucket = bucket_of(capture.buckets, &key);
    if (!bucket)
        return;
    bucket_add(bucket, 0, first);
    bucket_add(bucket, 1, second);
    if (third)
        bucket_add(bucket, 2, third);
}

static uint32_t stack_now(uint32_t stack)
{
    if (stack)
        return stack;
    thread_self.guard++;
    stack = capture_here();
    thread_self.guard--;
    return stack;
}

bool waits_sample_call(unsigned reason, int64_t duration_ns, int64_t wait_ns, bool can_skip,
                       struct call_sample *ret)
{
    int64_t weight = 1;
    if (can_skip && block_rate_ns != 1) { /* 1: every call is wanted */
        /* A long wait in a thread that hardly ever waits stands for itself: better unseen at times than
         * multiplied. */
        if (duration_ns < LONG_NS && thread_self.wait_weight)
            weight = thread_self.wait_weight;
        if (duration_ns >= WAITED_NS) {
            thread_self.wait_streak = 0;
            thread_self.wait_weight = 1;
        } else if (thread_self.wait_streak < STREAK) {
            thread_self.wait_streak++;
        } else {
            thread_self.wait_skip = WAITS_SKIP - 1;
            thread_self.wait_weight = WAITS_SKIP;
        }
    }
    *ret = (struct call_sample){weight, duration_ns * weight, weight, wait_ns * weight};
    if (!block_rate_ns)
        return false;
    int64_t rate_ns = reason == WAIT_POLL       ? poll_rate_ns
                      : duration_ns < WAITED_NS ? short_rate_ns
                      : can_skip                ? io_rate_ns
                                                : block_rate_ns;
    if (!is_counted(rate_ns, &ret->ns, &ret->count))
        ret->count = 0;
    if (wait_ns == duration_ns) {
        ret->waits = ret->count;
        ret->wait_ns = ret->ns;
    } else if (!is_counted(rate_ns, &ret->wait_ns, &ret->waits)) {
        ret->waits = 0;
    }
    return ret->count || ret->waits;
}

void waits_count_call(const struct call_sample *sample, long number, unsigned reason, int64_t bytes,
                      uint32_t stack)
{
    int error = errno;
    stack = stack_now(stack);
    if (sample->waits)
        add(BUCKET_BLOCK, stack, 0, reason, sample->waits, sample->wait_ns, 0);
    if (sample->count && number >= 0)
        add(BUCKET_SYSCALL, stack, 0, (uint64_t)number, sample->count, sample->ns, 0);
    if (sample->count && bytes >= 0)
        add(BUCKET_IO, stack, 0, reason, sample->count, bytes * sample->count, sample->ns);
    errno = error;
}

static void count_lock(unsigned reason, int64_t ns, uint32_t stack, uint32_t other)
{
    int64_t count = 1;
    if (block_rate_ns && is_counted(block_rate_ns, &ns, &count))
        add(BUCKET_BLOCK, stack_now(stack), other, reason, count, ns, 0);
}

void waits_lock_begin(struct lock_wait *wait, const void *object, uint32_t stack)
{
    *wait = (struct lock_wait){.object = object, .start_ns = clock_mono_ns(), .stack = stack};
    thread_self.guard++; /* a handler's own calls must not meet a set that this thread is in */
    wait->is_known = contention_join(object, wait->start_ns, stack);
    thread_self.guard--;
}

static void charge(uint32_t release_stack, uint32_t waiter_stack, unsigned reason, int64_t count, int64_t ns)
{
    if (!release_stack)
        release_stack = capture_marked(PC_RELEASE_UNSEEN, 0);
    add(BUCKET_MUTEX, release_stack, waiter_stack, reason, count, ns, 0);
}

void waits_lock_end(const struct lock_wait *wait, unsigned reason, bool is_mutex)
{
    int error = errno;
    struct contention_end end;
    int64_t now_ns = clock_mono_ns(), count = 1;
    thread_self.guard++;
    contention_leave(wait->object, wait->is_known, now_ns, &end);
    count_lock(reason, now_ns - wait->start_ns, wait->stack, end.release_stack);
    if (is_mutex && mutex_fraction && is_counted(CHARGE_NS, &end.unseen_ns, &count))
        charge(end.release_stack, wait->stack, reason, 0, end.unseen_ns);
    thread_self.guard--;
    errno = error;
}

void waits_released(const void *object, unsigned reason, bool is_mutex, uint32_t stack)
{
    struct contention_release release;
    int error = errno;
    thread_self.guard++;
    if (contention_release(object, clock_mono_ns(), &release)) {
        int64_t ns = release.waited_ns, count = 1;
        if (is_counted(CHARGE_NS, &ns, &count)) {
            stack = stack_now(stack);
            if (is_mutex && mutex_fraction && random_below(mutex_fraction) == 0)
                charge(stack, release.waiter_stack, reason, count * mutex_fraction, ns * mutex_fraction);
        }
        if (stack)
            contention_release_by(object, stack, thread_self.tid);
    }
    thread_self.guard--;
    errno = error;
}
