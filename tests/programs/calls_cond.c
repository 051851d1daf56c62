/* Every interposed condition variable call, in both symbol versions: OLD_CONDITIONS binds to GLIBC_2.2.5. */
#include "base/clock.h"
#include "transcript.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#ifdef OLD_CONDITIONS
__asm__(".symver pthread_cond_init,pthread_cond_init@GLIBC_2.2.5");
__asm__(".symver pthread_cond_destroy,pthread_cond_destroy@GLIBC_2.2.5");
__asm__(".symver pthread_cond_wait,pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_timedwait,pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_signal,pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver pthread_cond_broadcast,pthread_cond_broadcast@GLIBC_2.2.5");
#endif

#define WAITERS 4

static pthread_mutex_t mutex;
static struct {
    long before[8];
    pthread_cond_t cond;
    long after[8]; /* stays zero: an old condition variable is one pointer, a new one 48 bytes */
} guarded;
static int is_open; /* guarded by mutex */

static const char *named(int error)
{
    return error == 0 ? "0" : strerrorname_np(error);
}

static struct timespec in_milliseconds(clockid_t clock, int ms)
{
    int64_t until_ns = clock_ns(clock) + ms * INT64_C(1000000);
    return (struct timespec){until_ns / NS_PER_S, until_ns % NS_PER_S};
}

static void unlock(void *arg)
{
    /* The mutex is held again when the cleanup of a cancelled wait runs: an errorcheck mutex proves it. */
    transcript_line("%s: unlock in the cleanup handler = %s", (const char *)arg,
                    named(pthread_mutex_unlock(&mutex)));
}

static char wait_name[] = "wait", timedwait_name[] = "timedwait";

/* How one form waits, once. */
typedef int (*wait_fn)(const struct timespec *until);

static int wait_until_open(wait_fn wait, const struct timespec *until)
{
    int error = 0;
    while (!is_open && error == 0) {
        error = wait(until);
    }
    return error;
}

static long wait_locked(wait_fn wait, const struct timespec *until, char *name)
{
    static _Thread_local int error;
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, name);
    error = wait_until_open(wait, until);
    pthread_cleanup_pop(0);
    pthread_mutex_unlock(&mutex);
    return error;
}

static int plain_wait(const struct timespec *until)
{
    (void)until;
    return pthread_cond_wait(&guarded.cond, &mutex);
}

static int timed_wait(const struct timespec *until)
{
    return pthread_cond_timedwait(&guarded.cond, &mutex, until);
}

static long call_wait(int where)
{
    (void)where;
    return wait_locked(plain_wait, NULL, wait_name);
}

static long call_timedwait(int ms)
{
    struct timespec until = in_milliseconds(CLOCK_REALTIME, ms);
    return wait_locked(timed_wait, &until, timedwait_name);
}

static void open_gate(bool for_all)
{
    pthread_mutex_lock(&mutex);
    is_open = 1;
    transcript_line(
        "%s = %s", for_all ? "broadcast" : "signal",
        named(for_all ? pthread_cond_broadcast(&guarded.cond) : pthread_cond_signal(&guarded.cond)));
    pthread_mutex_unlock(&mutex);
}

static void woken(const char *name, call_fn call, int waiters)
{
    struct blocked_thread b[WAITERS];
    memset(b, 0, sizeof b);
    is_open = 0;
    for (int i = 0; i < waiters; i++) {
        b[i].call = call;
        b[i].where = 30000;
        blocked_start(&b[i]);
    }
    for (int i = 0; i < waiters; i++) {
        blocked_until_asleep(&b[i]);
    }
    pthread_kill(b[0].thread, SIGUSR1); /* at most a spurious wake-up, never EINTR */
    open_gate(waiters > 1);
    for (int i = 0; i < waiters; i++) {
        blocked_join(&b[i]);
        transcript_line("%s: waiter %d got %s", name, i, named((int)b[i].result));
    }
    is_open = 0;
}

static void cancelled(const char *name, call_fn call)
{
    struct blocked_thread b = {.call = call, .where = 30000};
    blocked_start(&b);
    bool was_cancelled = blocked_cancel(&b);
    transcript_line("%s: cancelled: %s", name, was_cancelled ? "yes" : "no");
}

static void failing(void)
{
    transcript_line("timedwait until soon = %s", named((int)call_timedwait(5)));
    struct timespec wrong = {1, -1};
    pthread_mutex_lock(&mutex);
    transcript_line("timedwait until a wrong time = %s",
                    named(pthread_cond_timedwait(&guarded.cond, &mutex, &wrong)));
    pthread_mutex_unlock(&mutex);
    transcript_line("wait without the mutex = %s", named(pthread_cond_wait(&guarded.cond, &mutex)));
    transcript_line("signal to nobody = %s", named(pthread_cond_signal(&guarded.cond)));
    transcript_line("broadcast to nobody = %s", named(pthread_cond_broadcast(&guarded.cond)));
}

#ifndef OLD_CONDITIONS
static char clockwait_name[] = "clockwait";

static int clock_wait(const struct timespec *until)
{
    return pthread_cond_clockwait(&guarded.cond, &mutex, CLOCK_MONOTONIC, until);
}

static long call_clockwait(int ms)
{
    struct timespec until = in_milliseconds(CLOCK_MONOTONIC, ms);
    return wait_locked(clock_wait, &until, clockwait_name);
}

static void clock_forms(void)
{
    transcript_line("clockwait until soon = %s", named((int)call_clockwait(5)));
    struct timespec until = in_milliseconds(CLOCK_MONOTONIC, 5);
    pthread_mutex_lock(&mutex);
    transcript_line("clockwait on a wrong clock = %s",
                    named(pthread_cond_clockwait(&guarded.cond, &mutex, CLOCK_PROCESS_CPUTIME_ID, &until)));
    pthread_mutex_unlock(&mutex);
    woken("clockwait", call_clockwait, 1);
    cancelled("clockwait", call_clockwait);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_destroy(&guarded.cond);
    pthread_cond_init(&guarded.cond, &attr);
    until = in_milliseconds(CLOCK_MONOTONIC, 5);
    pthread_mutex_lock(&mutex);
    transcript_line("timedwait of a monotonic condition = %s",
                    named(pthread_cond_timedwait(&guarded.cond, &mutex, &until)));
    pthread_mutex_unlock(&mutex);
}
#endif

int main(void)
{
    transcript_begin();
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex, &attr);
    pthread_cond_init(&guarded.cond, NULL);
    failing();
    woken("wait", call_wait, 1);
    woken("wait", call_wait, WAITERS);
    woken("timedwait", call_timedwait, 1);
    woken("timedwait", call_timedwait, WAITERS);
    cancelled("wait", call_wait);
    cancelled("timedwait", call_timedwait);
#ifndef OLD_CONDITIONS
    clock_forms();
#endif
    transcript_line("destroy = %s", named(pthread_cond_destroy(&guarded.cond)));
    long strays = 0;
    for (size_t i = 0; i < ARRAY_SIZE(guarded.before); i++) {
        strays |= guarded.before[i] | guarded.after[i];
    }
    transcript_line("memory around the condition: %s", strays == 0 ? "untouched" : "written");
    return 0;
}
