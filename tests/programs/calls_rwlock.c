/* Read-write locks, barriers and spin locks: success, failure, deadlines, blocking and cancellation (of which
 * none of them is a point). */
#include "base/clock.h"
#include "transcript.h"

#include <pthread.h>
#include <time.h>

static pthread_rwlock_t lock;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static long bad_nanoseconds;

static struct timespec deadline(clockid_t clock, int ms)
{
    int64_t until_ns = clock_ns(clock) + ms * INT64_C(1000000);
    struct timespec t = {until_ns / NS_PER_S, until_ns % NS_PER_S + bad_nanoseconds};
    return t;
}

static long call_rdlock(int ms)
{
    (void)ms;
    return pthread_rwlock_rdlock(&lock);
}

static long call_wrlock(int ms)
{
    (void)ms;
    return pthread_rwlock_wrlock(&lock);
}

#define TIMED(kind)                                                                                          \
    static long call_timed##kind(int ms)                                                                     \
    {                                                                                                        \
        struct timespec until = deadline(CLOCK_REALTIME, ms);                                                \
        return pthread_rwlock_timed##kind(&lock, &until);                                                    \
    }                                                                                                        \
    static long call_clock##kind(int ms)                                                                     \
    {                                                                                                        \
        struct timespec until = deadline(CLOCK_MONOTONIC, ms);                                               \
        return pthread_rwlock_clock##kind(&lock, CLOCK_MONOTONIC, &until);                                   \
    }
TIMED(rdlock)
TIMED(wrlock)

static const struct {
    const char *name;
    call_fn call;
    bool is_timed;
} calls[] = {
    {"rdlock", call_rdlock, false},          {"wrlock", call_wrlock, false},
    {"timedrdlock", call_timedrdlock, true}, {"timedwrlock", call_timedwrlock, true},
    {"clockrdlock", call_clockrdlock, true}, {"clockwrlock", call_clockwrlock, true},
};

static void released_by_another(const char *name, call_fn call)
{
    pthread_rwlock_wrlock(&lock);
    struct blocked_thread b = {.call = call, .where = 30000};
    blocked_start(&b);
    blocked_until_asleep(&b);
    TRANSCRIPT_CALL(name, "unlock with a waiter", pthread_rwlock_unlock(&lock));
    blocked_join(&b);
    transcript_result(name, "released by another", b.result, b.error);
    pthread_rwlock_init(&lock, NULL); /* its holder has ended */
}

static void rwlocks(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        const char *name = calls[i].name;
        pthread_rwlock_init(&lock, NULL);
        TRANSCRIPT_CALL(name, "free", calls[i].call(30000));
        TRANSCRIPT_CALL(name, "unlock", pthread_rwlock_unlock(&lock));
        bad_nanoseconds = calls[i].is_timed ? NS_PER_S : 0;
        TRANSCRIPT_CALL(name, "free, with a wrong deadline", calls[i].call(30000));
        bad_nanoseconds = 0;
        pthread_rwlock_init(&lock, NULL);
        pthread_rwlock_wrlock(&lock);
        TRANSCRIPT_CALL(name, "held by the caller", calls[i].call(1));
        pthread_rwlock_init(&lock, NULL);
        released_by_another(name, calls[i].call);
    }
    struct timespec until = deadline(CLOCK_MONOTONIC, 1);
    TRANSCRIPT_CALL("clockrdlock", "on a wrong clock",
                    pthread_rwlock_clockrdlock(&lock, CLOCK_PROCESS_CPUTIME_ID, &until));
    TRANSCRIPT_CALL("clockwrlock", "on a wrong clock",
                    pthread_rwlock_clockwrlock(&lock, CLOCK_PROCESS_CPUTIME_ID, &until));
}

static long call_barrier(int unused)
{
    (void)unused;
    /* One of the threads gets -1, any: say only that it is one of the two answers. */
    int result = pthread_barrier_wait(&barrier);
    return result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD;
}

static long call_spin(int unused)
{
    (void)unused;
    int result = pthread_spin_lock(&spin);
    pthread_spin_unlock(&spin);
    return result;
}

static void spins(void)
{
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    TRANSCRIPT_CALL("spin_lock", "free", pthread_spin_lock(&spin));
    struct blocked_thread b = {.call = call_spin};
    blocked_start(&b);
    while (!atomic_load(&b.tid))
        blocked_nap();
    blocked_nap(); /* long enough to meet the lock held */
    TRANSCRIPT_CALL("spin_unlock", "with a waiter", pthread_spin_unlock(&spin));
    blocked_join(&b);
    transcript_result("spin_lock", "released by another", b.result, b.error);
}

int main(void)
{
    transcript_begin();
    rwlocks();
    pthread_barrier_init(&barrier, NULL, 2);
    struct blocked_thread b = {.call = call_barrier};
    blocked_start(&b);
    blocked_until_asleep(&b);
    TRANSCRIPT_CALL("barrier_wait", "the last", call_barrier(0));
    blocked_join(&b);
    transcript_result("barrier_wait", "the first", b.result, b.error);
    spins();
    return 0;
}
