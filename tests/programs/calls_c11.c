/* C11's mutexes and conditions: success, failure, time-outs, being released by another. */
#include "base/clock.h"
#include "transcript.h"

#include <threads.h>
#include <time.h>

static mtx_t mutex;
static cnd_t condition;
static bool is_open;

static struct timespec deadline(int ms)
{
    int64_t until_ns = clock_ns(CLOCK_REALTIME) + ms * INT64_C(1000000);
    return (struct timespec){until_ns / NS_PER_S, until_ns % NS_PER_S};
}

static long call_lock(int ms)
{
    (void)ms;
    long result = mtx_lock(&mutex);
    mtx_unlock(&mutex);
    return result;
}

static long call_timedlock(int ms)
{
    struct timespec until = deadline(ms);
    long result = mtx_timedlock(&mutex, &until);
    if (result == thrd_success)
        mtx_unlock(&mutex);
    return result;
}

static long call_wait(int ms)
{
    (void)ms;
    mtx_lock(&mutex);
    long result = thrd_success;
    while (!is_open && result == thrd_success)
        result = cnd_wait(&condition, &mutex);
    mtx_unlock(&mutex);
    return result;
}

static long call_timedwait(int ms)
{
    struct timespec until = deadline(ms);
    mtx_lock(&mutex);
    long result = thrd_success;
    while (!is_open && result == thrd_success)
        result = cnd_timedwait(&condition, &mutex, &until);
    mtx_unlock(&mutex);
    return result;
}

static void locks(int type, const char *kind)
{
    mtx_init(&mutex, type);
    TRANSCRIPT_CALL("mtx_lock", kind, mtx_lock(&mutex));
    if (type & mtx_recursive) {
        TRANSCRIPT_CALL("mtx_lock again", kind, mtx_lock(&mutex));
        TRANSCRIPT_CALL("mtx_unlock once", kind, mtx_unlock(&mutex));
    }
    struct blocked_thread late = {.call = call_timedlock, .where = 1};
    blocked_start(&late);
    blocked_join(&late);
    transcript_result("mtx_timedlock too late", kind, late.result, late.error);
    const call_fn waiting[] = {call_lock, call_timedlock};
    for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
        struct blocked_thread b = {.call = waiting[i], .where = 30000};
        blocked_start(&b);
        blocked_until_asleep(&b);
        TRANSCRIPT_CALL("mtx_unlock with a waiter", kind, mtx_unlock(&mutex));
        blocked_join(&b);
        transcript_result("mtx lock released by another", kind, b.result, b.error);
        mtx_lock(&mutex);
    }
    TRANSCRIPT_CALL("mtx_unlock", kind, mtx_unlock(&mutex));
    mtx_destroy(&mutex);
}

static void conditions(void)
{
    mtx_init(&mutex, mtx_timed);
    cnd_init(&condition);
    TRANSCRIPT_CALL("cnd_timedwait", "too late", call_timedwait(1));
    TRANSCRIPT_CALL("cnd_signal", "nobody waits", cnd_signal(&condition));
    TRANSCRIPT_CALL("cnd_broadcast", "nobody waits", cnd_broadcast(&condition));
    const call_fn waiting[] = {call_wait, call_timedwait};
    for (size_t i = 0; i < 2 * ARRAY_SIZE(waiting); i++) {
        is_open = false;
        struct blocked_thread b = {.call = waiting[i / 2], .where = 30000};
        blocked_start(&b);
        blocked_until_asleep(&b);
        mtx_lock(&mutex);
        is_open = true;
        TRANSCRIPT_CALL("cnd", i % 2 ? "broadcast" : "signal",
                        i % 2 ? cnd_broadcast(&condition) : cnd_signal(&condition));
        mtx_unlock(&mutex);
        blocked_join(&b);
        transcript_result("cnd wait", "woken", b.result, b.error);
        /* cnd_wait is a cancellation point, and has the mutex again when the handlers run. */
        is_open = false;
        struct blocked_thread doomed = {.call = waiting[i / 2], .where = 30000};
        blocked_start(&doomed);
        transcript_line("cnd wait cancelled: %d", blocked_cancel(&doomed));
        transcript_line("cleaned: %d", atomic_load(&doomed.has_cleaned));
        mtx_unlock(&mutex);
    }
}

int main(void)
{
    transcript_begin();
    locks(mtx_plain, "plain");
    locks(mtx_timed, "timed");
    locks(mtx_plain | mtx_recursive, "recursive");
    conditions();
    return 0;
}
