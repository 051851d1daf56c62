/* Condition variables: POSIX', in the newest version or, with OLD_CONDITIONS, in that of GLIBC_2.2.5; and
 * C11's. */
#include "each.h"

#include <stdatomic.h>
#include <threads.h>

#ifdef OLD_CONDITIONS
__asm__(".symver pthread_cond_wait,pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_timedwait,pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_signal,pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver pthread_cond_broadcast,pthread_cond_broadcast@GLIBC_2.2.5");
#define NAME(call) "old " call
#else
#define NAME(call) call
#endif

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void signal_cond(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
}

static void wait_cond(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
}

#define CONDITION_WAITS(name, expression)                                                                    \
    pthread_mutex_lock(&mutex);                                                                              \
    EACH_WAITS(name, WAIT_COND, &cond, NULL, signal_cond, 0, expression);                                    \
    pthread_mutex_unlock(&mutex)

static void posix_conditions(void)
{
    struct timespec until = each_far(CLOCK_REALTIME);
    CONDITION_WAITS(NAME("pthread_cond_wait"), pthread_cond_wait(&cond, &mutex));
    CONDITION_WAITS(NAME("pthread_cond_timedwait"), pthread_cond_timedwait(&cond, &mutex, &until));
    each_waiter(wait_cond, 0);
    EACH_WAKES(NAME("pthread_cond_signal"), WAIT_COND, &cond, 1, pthread_cond_signal(&cond));
    each_waiter(wait_cond, 0);
    each_waiter(wait_cond, 0);
    EACH_WAKES(NAME("pthread_cond_broadcast"), WAIT_COND, &cond, 2, pthread_cond_broadcast(&cond));
}

#ifdef OLD_CONDITIONS

void each_old_condition_call(void)
{
    posix_conditions();
}

#else

static mtx_t c11_mutex;
static cnd_t c11_cond;

static void signal_cnd(void)
{
    mtx_lock(&c11_mutex);
    cnd_signal(&c11_cond);
    mtx_unlock(&c11_mutex);
}

static void wait_cnd(void)
{
    mtx_lock(&c11_mutex);
    cnd_wait(&c11_cond, &c11_mutex);
    mtx_unlock(&c11_mutex);
}

static void c11_conditions(void)
{
    struct timespec until = each_far(CLOCK_REALTIME);
    mtx_init(&c11_mutex, mtx_plain);
    cnd_init(&c11_cond);
    mtx_lock(&c11_mutex);
    EACH_WAITS("cnd_wait", WAIT_COND, &c11_cond, NULL, signal_cnd, 0, cnd_wait(&c11_cond, &c11_mutex));
    EACH_WAITS("cnd_timedwait", WAIT_COND, &c11_cond, NULL, signal_cnd, 0,
               cnd_timedwait(&c11_cond, &c11_mutex, &until));
    mtx_unlock(&c11_mutex);
    each_waiter(wait_cnd, 0);
    EACH_WAKES("cnd_signal", WAIT_COND, &c11_cond, 1, cnd_signal(&c11_cond));
    each_waiter(wait_cnd, 0);
    each_waiter(wait_cnd, 0);
    EACH_WAKES("cnd_broadcast", WAIT_COND, &c11_cond, 2, cnd_broadcast(&c11_cond));
}

static atomic_int has_locked;

static void lock_and_unlock(void)
{
    pthread_mutex_lock(&mutex);
    atomic_store(&has_locked, 1);
    pthread_mutex_unlock(&mutex);
}

/* A condition's wait releases the mutex that another thread waits for; who wakes late finds it taken again,
 * and waits for the next release. */
static void release_by_waiting(void)
{
    struct timespec past = {0, 0};
    pthread_mutex_lock(&mutex);
    each_waiter(lock_and_unlock, 0);
    pthread_cond_timedwait(&cond, &mutex, &past);
    each_expect("pthread_cond_timedwait's release", "wake", WAIT_MUTEX, &mutex, 1);
    if (!atomic_load(&has_locked)) {
        each_expect("pthread_mutex_unlock after it", "wake", WAIT_MUTEX, &mutex, 1);
    }
    pthread_mutex_unlock(&mutex);
    each_end();
}

void each_condition_call(void)
{
    struct timespec until_mono = each_far(CLOCK_MONOTONIC);
    posix_conditions();
    CONDITION_WAITS("pthread_cond_clockwait",
                    pthread_cond_clockwait(&cond, &mutex, CLOCK_MONOTONIC, &until_mono));
    release_by_waiting();
    c11_conditions();
}

#endif
