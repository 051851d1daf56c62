/* Every interposed mutex call on every kind of mutex: what each returns, contended and not. */
#include "base/clock.h"
#include "transcript.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static pthread_mutex_t mutex;

static const char *named(int error)
{
    return error == 0 ? "0" : strerrorname_np(error);
}

static struct timespec in_milliseconds(clockid_t clock, int ms)
{
    int64_t until_ns = clock_ns(clock) + ms * INT64_C(1000000);
    return (struct timespec){until_ns / NS_PER_S, until_ns % NS_PER_S};
}

static int timed_lock(int ms)
{
    struct timespec until = in_milliseconds(CLOCK_REALTIME, ms);
    return pthread_mutex_timedlock(&mutex, &until);
}

static int clock_lock(clockid_t clock, int ms)
{
    struct timespec until = in_milliseconds(CLOCK_MONOTONIC, ms);
    return pthread_mutex_clocklock(&mutex, clock, &until);
}

static long call_lock(int where)
{
    (void)where;
    int error = pthread_mutex_lock(&mutex);
    if (error == 0) {
        pthread_mutex_unlock(&mutex);
    }
    return error;
}

static void *try_from_elsewhere(void *arg)
{
    const char *kind = arg;
    transcript_line("%s: trylock by another = %s", kind, named(pthread_mutex_trylock(&mutex)));
    transcript_line("%s: timedlock by another = %s", kind, named(timed_lock(5)));
    transcript_line("%s: clocklock by another = %s", kind, named(clock_lock(CLOCK_MONOTONIC, 5)));
    struct timespec wrong = {1, -1};
    transcript_line("%s: timedlock until a wrong time = %s", kind,
                    named(pthread_mutex_timedlock(&mutex, &wrong)));
    return NULL;
}

static void from_elsewhere(void *(*body)(void *), const char *kind)
{
    pthread_t thread;
    pthread_create(&thread, NULL, body, (void *)(uintptr_t)kind);
    pthread_join(thread, NULL);
}

/* A contended lock, with signals on the way: signals never end it. */
static void wait_for_it(const char *kind)
{
    struct blocked_thread b = {.call = call_lock};
    blocked_start(&b);
    for (int i = 0; i < 3 && blocked_until_asleep(&b); i++) {
        pthread_kill(b.thread, SIGUSR1);
        blocked_nap();
    }
    bool ended_early = b.is_done;
    blocked_until_asleep(&b);
    pthread_mutex_unlock(&mutex);
    blocked_join(&b);
    transcript_line("%s: waited, signals %s it, lock = %s", kind, ended_early ? "ended" : "did not end",
                    named((int)b.result));
}

static void try_kind(const char *kind, int type, int protocol)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setprotocol(&attr, protocol);
    transcript_line("%s: init = %s", kind, named(pthread_mutex_init(&mutex, &attr)));
    pthread_mutexattr_destroy(&attr);
    errno = ENOTBLK;
    transcript_line("%s: lock = %s", kind, named(pthread_mutex_lock(&mutex)));
    from_elsewhere(try_from_elsewhere, kind);
    if (type == PTHREAD_MUTEX_RECURSIVE || type == PTHREAD_MUTEX_ERRORCHECK) {
        int again = pthread_mutex_lock(&mutex);
        transcript_line("%s: lock again = %s", kind, named(again));
        if (again == 0) {
            pthread_mutex_unlock(&mutex);
        }
    }
    transcript_line("%s: trylock again = %s", kind, named(pthread_mutex_trylock(&mutex)));
    if (type == PTHREAD_MUTEX_RECURSIVE) {
        pthread_mutex_unlock(&mutex);
    }
    wait_for_it(kind);
    transcript_line("%s: trylock = %s", kind, named(pthread_mutex_trylock(&mutex)));
    transcript_line("%s: unlock = %s", kind, named(pthread_mutex_unlock(&mutex)));
    if (type != PTHREAD_MUTEX_NORMAL) {
        transcript_line("%s: unlock too often = %s", kind, named(pthread_mutex_unlock(&mutex)));
    }
    transcript_line("%s: clocklock on a wrong clock = %s", kind,
                    named(clock_lock(CLOCK_PROCESS_CPUTIME_ID, 5)));
    transcript_line("%s: errno kept: %s", kind, errno == ENOTBLK ? "yes" : "no");
    pthread_mutex_destroy(&mutex);
}

static void *lock_and_die(void *arg)
{
    pthread_mutex_lock(&mutex);
    return arg;
}

static void try_robust(int protocol, const char *kind)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutex_init(&mutex, &attr);
    from_elsewhere(lock_and_die, NULL);
    transcript_line("%s: lock after the owner died = %s", kind, named(pthread_mutex_lock(&mutex)));
    transcript_line("%s: consistent = %s", kind, named(pthread_mutex_consistent(&mutex)));
    transcript_line("%s: unlock = %s", kind, named(pthread_mutex_unlock(&mutex)));
    from_elsewhere(lock_and_die, NULL);
    transcript_line("%s: trylock after the owner died = %s", kind, named(pthread_mutex_trylock(&mutex)));
    transcript_line("%s: unlock without repair = %s", kind, named(pthread_mutex_unlock(&mutex)));
    transcript_line("%s: lock = %s", kind, named(pthread_mutex_lock(&mutex)));
    transcript_line("%s: timedlock = %s", kind, named(timed_lock(5)));
    pthread_mutex_destroy(&mutex);
    pthread_mutexattr_destroy(&attr);
}

int main(void)
{
    transcript_begin();
    try_kind("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE);
    try_kind("adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PRIO_NONE);
    try_kind("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE);
    try_kind("errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE);
    try_kind("priority inheriting", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT);
    try_kind("priority inheriting recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_INHERIT);
    try_robust(PTHREAD_PRIO_NONE, "robust");
    try_robust(PTHREAD_PRIO_INHERIT, "robust, priority inheriting");
    return 0;
}
