/* Events around a real call, and telling our EINTR from the program's. */
#include "hooks/call.h"

#include "base/clock.h"
#include "hooks/ends.h"
#include "hooks/forks.h"
#include "hooks/host.h"
#include "hooks/inside.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

_Atomic uint32_t call_traces_all;

const struct sink *call_sink(void)
{
    const struct sink *sink = atomic_load_explicit(&capture.sink, memory_order_acquire);
    if (!sink || thread_self.guard || thread_self.is_internal || vfork_is_child())
        return NULL;
    if (!sink->is_enabled())
        return NULL;
    if (!thread_self.is_trace_ready) {
        struct inside inside;
        inside_begin(&inside);
        sink->thread_init();
        inside_end(&inside);
        thread_self.is_trace_ready = true;
    }
    return sink;
}

static uint32_t stack_sent(const struct sink *sink)
{
    uint32_t stack = capture_here();
    capture_send_stack(sink, stack);
    return stack;
}

static uint32_t reason_bit(const struct call *call)
{
    return UINT32_C(1) << (call->reason & 31); /* no two reasons share one */
}

/* A call for I/O may work rather than wait, as a read of what is in memory does. Its CPU time is read where
 * the thread's last such call was slow, and the first time in a trace. */
static bool is_worth_cpu_time(const struct call *call)
{
    uint32_t bit = reason_bit(call);
    return (thread_self.io_slow & bit) || (call->sink && !(thread_self.io_tried & bit));
}

static COLD int64_t cpu_ns_now(void)
{
    int error = errno; /* whoever forbids the clock */
    int64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    errno = error;
    return cpu_ns;
}

/* What a call that took duration_ns has waited: what it wasn't on a CPU. */
static int64_t waited_ns(const struct call *call, int64_t duration_ns)
{
    if (call->kind != IO)
        return duration_ns;
    uint32_t bit = reason_bit(call);
    bool is_slow = duration_ns >= (call->sink ? CALL_SLOW_NS : CALL_SLOW_UNTRACED_NS);
    thread_self.io_tried |= bit;
    thread_self.io_slow = is_slow ? thread_self.io_slow | bit : thread_self.io_slow & ~bit;
    if (call->cpu_ns < 0 || duration_ns < CALL_SLOW_NS)
        return duration_ns;
    int64_t off_cpu_ns = duration_ns - (cpu_ns_now() - call->cpu_ns);
    return off_cpu_ns > 0 ? off_cpu_ns : 0;
}

/* A forked child is told to stay once it waits as no child on its way to an exec does: at once where a call
 * waits as a rule, as accept does; for other I/O, which often doesn't wait, when it has waited so long. */
#define SETTLE_NS INT64_C(1000000)

static bool settles_at_once(unsigned reason, enum call_kind kind)
{
    return kind != IO || reason == WAIT_ACCEPT;
}

static void settle(void)
{
    if (!forks_are_in_handler())
        TELL_HOST(settle);
}

static bool is_to_settle(void)
{
    return UNLIKELY(atomic_load_explicit(&capture.hooks_active, memory_order_relaxed) & HOOK_SETTLE);
}

/* Nothing but waits is counted: no trace, no copy of the process to meet, no work for who waits. */
static bool only_waits_are_counted(uint32_t active)
{
    return (active & ~(uint32_t)(HOOK_SAMPLE | HOOK_ASK)) == (HOOK_IDLE | HOOK_WAITS);
}

static inline void start_clocks(struct call *call, const struct place *place)
{
    call->cpu_ns = call->kind == IO && UNLIKELY(is_worth_cpu_time(call)) ? cpu_ns_now() : -1;
    call->start_ns = clock_mono_ns(); /* the program waits from here on, for us too */
    if (call->is_watched)
        waits_publish(call->reason, call->object, call->start_ns, place);
}

static COLD void begin_in_full(struct call *call, uint32_t active, const struct place *place)
{
    int error = errno;
    forks_meet_copy();
    bool is_watched = call_is_watched();
    if (is_to_settle() && is_watched && settles_at_once(call->reason, call->kind))
        settle();
    call->is_watched = is_watched && (active & (HOOK_WAITS | HOOK_TRACE));
    call->sink = call_sink();
    if (call->sink && (call->reason == WAIT_WRITES || call->reason == WAIT_NET_WRITE))
        ends_written(call->sink, call->object);
    start_clocks(call, place);
    if (call->sink && call->kind != IO) {
        struct inside inside;
        inside_begin(&inside);
        call->stack = stack_sent(call->sink);
        call->sink->block(call->reason, call->object, call->timeout_ns, call->stack);
        inside_end(&inside);
        call->is_begun = true;
    }
    errno = error;
}

void call_begin(struct call *call, unsigned reason, uint64_t object, enum call_kind kind, int64_t timeout_ns,
                const struct place *place)
{
    uint32_t active = atomic_load_explicit(&capture.hooks_active, memory_order_relaxed);
    *call = (struct call){
        .object = object, .reason = (uint8_t)reason, .kind = (uint8_t)kind, .timeout_ns = timeout_ns};
    if (LIKELY(only_waits_are_counted(active))) {
        call->is_watched = call_is_watched();
        start_clocks(call, place);
    } else {
        begin_in_full(call, active, place);
    }
    call_watch(call);
}

/* What a read or write waited for, by what its descriptor is. */
static uint8_t descriptor_reason(uint8_t reason, uint64_t fd)
{
    struct stat status;
    if (reason != WAIT_READS && reason != WAIT_WRITES)
        return reason;
    return (uint8_t)(fstat((int)fd, &status) == 0 ? wait_reason_by_mode(reason, status.st_mode)
                                                  : (unsigned)WAIT_FILE_IO);
}

static void tell_end(struct call *call, long number, int64_t result, int64_t duration_ns, int64_t wait_ns)
{
    const struct sink *sink = call->sink;
    bool sends_wait = call->is_begun || wait_ns >= CALL_SLOW_NS;
    bool sends_syscall =
        number != NO_SYSCALL &&
        (duration_ns >= CALL_SLOW_NS || atomic_load_explicit(&call_traces_all, memory_order_relaxed));
    if (!sends_wait && !sends_syscall)
        return;
    struct inside inside;
    inside_begin(&inside);
    if (!call->stack)
        call->stack = stack_sent(sink);
    if (sends_wait)
        sink->unblock(descriptor_reason(call->reason, call->object), call->object, result, wait_ns,
                      call->stack);
    if (sends_syscall)
        sink->syscall((int32_t)number, result, duration_ns, call->stack);
    inside_end(&inside);
}

static COLD void count_sample(const struct call *call, const struct call_sample *sample, long number,
                              int64_t result)
{
    int error = errno;
    bool is_transfer = call->kind == IO && result >= 0;
    waits_count_call(sample, number, descriptor_reason(call->reason, call->object), is_transfer ? result : -1,
                     call->stack);
    errno = error;
}

static void count_end(const struct call *call, long number, int64_t result, int64_t duration_ns,
                      int64_t wait_ns)
{
    struct call_sample sample;
    waits_unpublish();
    if (call->kind != LOCK &&
        UNLIKELY(waits_sample_call(call->reason, duration_ns, wait_ns, call->kind == IO, &sample)))
        count_sample(call, &sample, number, result);
}

static COLD void tell_end_keeping_errno(struct call *call, long number, int64_t result, int64_t duration_ns,
                                        int64_t wait_ns)
{
    int error = errno;
    tell_end(call, number, result, duration_ns, wait_ns);
    errno = error;
}

static COLD void settle_keeping_errno(void)
{
    int error = errno;
    settle();
    errno = error;
}

void call_end(struct call *call, long number, int64_t result)
{
    if (!call->sink && !call->is_watched)
        return;
    int64_t duration_ns = clock_mono_ns() - call->start_ns;
    int64_t wait_ns = waited_ns(call, duration_ns);
    if (UNLIKELY(call->sink))
        tell_end_keeping_errno(call, number, result, duration_ns, wait_ns);
    if (call->is_watched)
        count_end(call, number, result, duration_ns, wait_ns);
    if (is_to_settle() && call->is_watched && wait_ns >= SETTLE_NS)
        settle_keeping_errno();
}

static int64_t left_ns(const struct call *call)
{
    int64_t left = call->timeout_ns - (clock_mono_ns() - call->start_ns);
    return left > 0 ? left : 0;
}

bool call_left_ms(const struct call *call, int *timeout_ms)
{
    if (*timeout_ms > 0)
        *timeout_ms = (int)((left_ns(call) + 999999) / 1000000);
    return true;
}

bool call_left_timespec(struct call *call, const struct timespec **timeout)
{
    if (*timeout) {
        int64_t left = left_ns(call);
        call->left = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
        *timeout = &call->left;
    }
    return true;
}

static int64_t bounded_ns(int64_t seconds, int64_t ns)
{
    return seconds > INT64_MAX / NS_PER_S - 1 ? INT64_MAX : seconds * NS_PER_S + ns;
}

int64_t call_timespec_ns(const struct timespec *timeout)
{
    return timeout && timeout->tv_sec >= 0 ? bounded_ns(timeout->tv_sec, timeout->tv_nsec) : -1;
}

int64_t call_timeval_ns(const struct timeval *timeout)
{
    return timeout && timeout->tv_sec >= 0 ? bounded_ns(timeout->tv_sec, timeout->tv_usec * 1000) : -1;
}

int64_t call_until_ns(clockid_t clock, const struct timespec *until)
{
    if (!until || until->tv_sec < 0)
        return -1;
    int64_t left = bounded_ns(until->tv_sec, until->tv_nsec) - clock_ns(clock);
    return left > 0 ? left : 0;
}

int64_t call_condition_until_ns(const struct timespec *until)
{
    const time_t year_2001 = 1000000000;
    return call_until_ns(until && until->tv_sec < year_2001 ? CLOCK_MONOTONIC : CLOCK_REALTIME, until);
}
