/* POSIX on threads: mutexes, conditions, read-write locks, barriers, keys, cancellation, ending. */
#include "posix.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_mutex_t mutex;
static pthread_cond_t condition;
static pthread_rwlock_t rwlock;
static atomic_int phase;

static int in_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    void *result = NULL;
    pthread_create(&thread, NULL, run, argument);
    pthread_join(thread, &result);
    return (int)(intptr_t)result;
}

static void make(int type, bool is_robust)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    if (is_robust)
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attr);
    pthread_mutexattr_destroy(&attr);
}

static void *other_try(void *lock)
{
    return (void *)(intptr_t)pthread_mutex_trylock(lock);
}

static void *other_unlock(void *lock)
{
    return (void *)(intptr_t)pthread_mutex_unlock(lock);
}

static void *other_timed(void *lock)
{
    struct timespec when = after_ms(CLOCK_REALTIME, 30);
    return (void *)(intptr_t)pthread_mutex_timedlock(lock, &when);
}

static void *other_late(void *lock)
{
    struct timespec when = after_ms(CLOCK_REALTIME, -1000);
    return (void *)(intptr_t)pthread_mutex_timedlock(lock, &when);
}

static void *other_wrong_time(void *lock)
{
    struct timespec when = {.tv_sec = 0, .tv_nsec = 1000000000};
    return (void *)(intptr_t)pthread_mutex_timedlock(lock, &when);
}

static void mutex_kinds(void)
{
    make(PTHREAD_MUTEX_NORMAL, false);
    clause("lock of a free one returns 0", pthread_mutex_lock(&mutex) == 0);
    clause("trylock of a held one returns EBUSY", pthread_mutex_trylock(&mutex) == EBUSY);
    clause("trylock of one that another holds returns EBUSY", in_thread(other_try, &mutex) == EBUSY);
    clause("unlock returns 0", pthread_mutex_unlock(&mutex) == 0);
    clause("trylock of a free one returns 0", pthread_mutex_trylock(&mutex) == 0);
    pthread_mutex_unlock(&mutex);
    clause("destroy of a free one returns 0", pthread_mutex_destroy(&mutex) == 0);
    make(PTHREAD_MUTEX_RECURSIVE, false);
    clause("recursive: the owner locks again", !pthread_mutex_lock(&mutex) && !pthread_mutex_lock(&mutex));
    clause("recursive: its trylock works too", pthread_mutex_trylock(&mutex) == 0);
    pthread_mutex_unlock(&mutex);
    pthread_mutex_unlock(&mutex);
    clause("recursive: it is held until unlocked as often", in_thread(other_try, &mutex) == EBUSY);
    clause("recursive: unlock by another returns EPERM", in_thread(other_unlock, &mutex) == EPERM);
    pthread_mutex_unlock(&mutex);
    clause("recursive: unlock of a free one returns EPERM", pthread_mutex_unlock(&mutex) == EPERM);
    pthread_mutex_destroy(&mutex);
    make(PTHREAD_MUTEX_ERRORCHECK, false);
    pthread_mutex_lock(&mutex);
    clause("errorcheck: a second lock returns EDEADLK", pthread_mutex_lock(&mutex) == EDEADLK);
    clause("errorcheck: unlock by another returns EPERM", in_thread(other_unlock, &mutex) == EPERM);
    pthread_mutex_unlock(&mutex);
    clause("errorcheck: unlock of a free one returns EPERM", pthread_mutex_unlock(&mutex) == EPERM);
    pthread_mutex_destroy(&mutex);
}

static void mutex_timed(void)
{
    make(PTHREAD_MUTEX_NORMAL, false);
    struct timespec past = after_ms(CLOCK_REALTIME, -1000), start = after_ms(CLOCK_MONOTONIC, 0);
    clause("a free one is locked though the time has passed", pthread_mutex_timedlock(&mutex, &past) == 0);
    clause("ETIMEDOUT when the absolute time passes", in_thread(other_timed, &mutex) == ETIMEDOUT);
    clause("and not before it", has_passed(start, 30));
    clause("ETIMEDOUT at once when it has passed", in_thread(other_late, &mutex) == ETIMEDOUT);
    clause("EINVAL for 10^9 nanoseconds", in_thread(other_wrong_time, &mutex) == EINVAL);
    pthread_mutex_unlock(&mutex);
    clause("a wrong time is not looked at when it is free", in_thread(other_wrong_time, &mutex) == 0);
}

static void *die_with_it(void *lock)
{
    pthread_mutex_lock(lock);
    return NULL;
}

static void mutex_robust(void)
{
    make(PTHREAD_MUTEX_NORMAL, true);
    in_thread(die_with_it, &mutex);
    clause("EOWNERDEAD when its owner has ended", pthread_mutex_lock(&mutex) == EOWNERDEAD);
    clause("consistent returns 0", pthread_mutex_consistent(&mutex) == 0);
    clause("then unlock and lock work", !pthread_mutex_unlock(&mutex) && !pthread_mutex_lock(&mutex));
    pthread_mutex_unlock(&mutex);
    in_thread(die_with_it, &mutex);
    clause("trylock too returns EOWNERDEAD", pthread_mutex_trylock(&mutex) == EOWNERDEAD);
    pthread_mutex_unlock(&mutex);
    clause("ENOTRECOVERABLE when it was not made consistent", pthread_mutex_lock(&mutex) == ENOTRECOVERABLE);
    clause("and from trylock", pthread_mutex_trylock(&mutex) == ENOTRECOVERABLE);
    pthread_mutex_destroy(&mutex);
    make(PTHREAD_MUTEX_NORMAL, true);
    in_thread(die_with_it, &mutex);
    struct timespec when = after_ms(CLOCK_REALTIME, 5000);
    clause("timedlock too returns EOWNERDEAD", pthread_mutex_timedlock(&mutex, &when) == EOWNERDEAD);
    pthread_mutex_consistent(&mutex);
    pthread_mutex_unlock(&mutex);
}

static void mutex_shared(void)
{
    pthread_mutex_t *shared =
        mmap(NULL, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(shared, &attr);
    pthread_mutex_lock(shared);
    pid_t pid = fork();
    if (pid == 0)
        _exit(pthread_mutex_trylock(shared));
    clause("another process finds it held", status_of(pid) == EBUSY);
    pthread_mutex_unlock(shared);
    pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(shared);
        _exit(0);
    }
    status_of(pid);
    clause("EOWNERDEAD when its owner's process has ended", pthread_mutex_lock(shared) == EOWNERDEAD);
    munmap(shared, sizeof(pthread_mutex_t));
}

static void *signal_later(void *argument)
{
    pthread_mutex_lock(&mutex);
    atomic_store(&phase, 1);
    if (argument != NULL)
        pthread_cond_broadcast(&condition);
    else
        pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void *wait_for_phase(void *argument)
{
    pthread_mutex_lock(&mutex);
    atomic_fetch_add((atomic_int *)argument, 1);
    while (atomic_load(&phase) == 0)
        pthread_cond_wait(&condition, &mutex);
    atomic_fetch_sub((atomic_int *)argument, 1);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void conditions(void)
{
    make(PTHREAD_MUTEX_ERRORCHECK, false);
    pthread_cond_init(&condition, NULL);
    pthread_t threads[4];
    atomic_store(&phase, 0);
    pthread_mutex_lock(&mutex);
    pthread_create(&threads[0], NULL, signal_later, NULL);
    int error = 0;
    while (atomic_load(&phase) == 0)
        error |= pthread_cond_wait(&condition, &mutex);
    clause("wait releases the mutex and returns 0 when signalled", error == 0);
    clause("wait returns with the mutex held", in_thread(other_try, &mutex) == EBUSY);
    clause("by the waiter", pthread_mutex_unlock(&mutex) == 0);
    pthread_join(threads[0], NULL);
    struct timespec start = after_ms(CLOCK_MONOTONIC, 0), when = after_ms(CLOCK_REALTIME, 30);
    pthread_mutex_lock(&mutex);
    while ((error = pthread_cond_timedwait(&condition, &mutex, &when)) == 0) {
    }
    clause("timedwait: ETIMEDOUT when the absolute time passes", error == ETIMEDOUT && has_passed(start, 29));
    clause("timedwait: then too the mutex is held", in_thread(other_try, &mutex) == EBUSY);
    when.tv_nsec = 1000000000;
    clause("timedwait: EINVAL for 10^9 nanoseconds",
           pthread_cond_timedwait(&condition, &mutex, &when) == EINVAL);
    when = after_ms(CLOCK_REALTIME, -1000);
    clause("timedwait: ETIMEDOUT when it has passed",
           pthread_cond_timedwait(&condition, &mutex, &when) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    clause("signal with no waiter returns 0", pthread_cond_signal(&condition) == 0);
    clause("broadcast with no waiter returns 0", pthread_cond_broadcast(&condition) == 0);
    static atomic_int waiting;
    atomic_store(&phase, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, wait_for_phase, &waiting);
    while (atomic_load(&waiting) < 4)
        nap();
    signal_later(&waiting);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    clause("broadcast wakes all waiters", atomic_load(&waiting) == 0);
    clause("destroy returns 0", pthread_cond_destroy(&condition) == 0);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&condition, &attr);
    start = after_ms(CLOCK_MONOTONIC, 0);
    when = after_ms(CLOCK_MONOTONIC, 30);
    pthread_mutex_lock(&mutex);
    while ((error = pthread_cond_timedwait(&condition, &mutex, &when)) == 0) {
    }
    pthread_mutex_unlock(&mutex);
    clause("condattr_setclock: the time is of that clock", error == ETIMEDOUT && has_passed(start, 30));
    pthread_cond_destroy(&condition);
}

static void *other_tryrd(void *lock)
{
    return (void *)(intptr_t)pthread_rwlock_tryrdlock(lock);
}

static void *other_trywr(void *lock)
{
    return (void *)(intptr_t)pthread_rwlock_trywrlock(lock);
}

static void *other_timedrd(void *lock)
{
    struct timespec when = after_ms(CLOCK_REALTIME, 20);
    return (void *)(intptr_t)pthread_rwlock_timedrdlock(lock, &when);
}

static void *other_timedwr(void *lock)
{
    struct timespec when = after_ms(CLOCK_REALTIME, 20);
    return (void *)(intptr_t)pthread_rwlock_timedwrlock(lock, &when);
}

static void rwlocks(void)
{
    pthread_rwlock_init(&rwlock, NULL);
    clause("rdlock returns 0", pthread_rwlock_rdlock(&rwlock) == 0);
    clause("readers share it", pthread_rwlock_tryrdlock(&rwlock) == 0);
    clause("trywrlock of a read one returns EBUSY", in_thread(other_trywr, &rwlock) == EBUSY);
    clause("timedwrlock of a read one returns ETIMEDOUT", in_thread(other_timedwr, &rwlock) == ETIMEDOUT);
    clause("unlock returns 0", pthread_rwlock_unlock(&rwlock) == 0);
    clause("one reader is left", in_thread(other_trywr, &rwlock) == EBUSY);
    pthread_rwlock_unlock(&rwlock);
    clause("wrlock of a free one returns 0", pthread_rwlock_wrlock(&rwlock) == 0);
    clause("tryrdlock of a written one returns EBUSY", in_thread(other_tryrd, &rwlock) == EBUSY);
    clause("timedrdlock of a written one returns ETIMEDOUT", in_thread(other_timedrd, &rwlock) == ETIMEDOUT);
    clause("rdlock by its writer returns EDEADLK", pthread_rwlock_rdlock(&rwlock) == EDEADLK);
    clause("wrlock by its writer returns EDEADLK", pthread_rwlock_wrlock(&rwlock) == EDEADLK);
    pthread_rwlock_unlock(&rwlock);
    clause("destroy returns 0", pthread_rwlock_destroy(&rwlock) == 0);
}

static pthread_barrier_t barrier;

static void *meet(void *argument)
{
    (void)argument;
    // NOLINTNEXTLINE(bugprone-posix-return)
    return (void *)(intptr_t)(pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void barriers(void)
{
    clause("init for no thread returns EINVAL", pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
    pthread_barrier_init(&barrier, NULL, 3);
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, meet, NULL);
    pthread_create(&threads[1], NULL, meet, NULL);
    intptr_t serial = (intptr_t)meet(NULL);
    for (int i = 0; i < 2; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        serial += (intptr_t)result;
    }
    clause("one of all threads is the serial one", serial == 1);
    clause("destroy returns 0", pthread_barrier_destroy(&barrier) == 0);
}

static pthread_spinlock_t spinlock;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_count;

static void count_once(void)
{
    once_count++;
}

static void small_ones(void)
{
    pthread_spin_init(&spinlock, PTHREAD_PROCESS_PRIVATE);
    clause("spin_lock returns 0", pthread_spin_lock(&spinlock) == 0);
    clause("spin_trylock of a held one returns EBUSY", pthread_spin_trylock(&spinlock) == EBUSY);
    clause("spin_unlock returns 0", pthread_spin_unlock(&spinlock) == 0);
    pthread_once(&once, count_once);
    pthread_once(&once, count_once);
    clause("once runs once", once_count == 1);
    clause("equal of itself", pthread_equal(pthread_self(), pthread_self()) != 0);
}

static pthread_key_t keys[2];
static atomic_int destroyed;

static void on_destroyed(void *value)
{
    atomic_fetch_add(&destroyed, 1);
    if ((intptr_t)value > 1)
        pthread_setspecific(keys[0], (void *)((intptr_t)value - 1));
}

static void *set_three(void *argument)
{
    pthread_setspecific(keys[0], argument);
    return pthread_getspecific(keys[1]);
}

static void specific(void)
{
    clause("key_create returns 0", pthread_key_create(&keys[0], on_destroyed) == 0);
    pthread_key_create(&keys[1], on_destroyed);
    clause("a new key's value is NULL", pthread_getspecific(keys[0]) == NULL);
    pthread_setspecific(keys[1], &keys);
    clause("a value is the thread's own", in_thread(set_three, (void *)1) == 0);
    clause("a destructor runs once for a value", atomic_load(&destroyed) == 1);
    clause("and for the caller's it has not run", pthread_getspecific(keys[1]) == &keys);
    atomic_store(&destroyed, 0);
    in_thread(set_three, (void *)3);
    clause("a destructor that sets a value runs again", atomic_load(&destroyed) == 3);
    atomic_store(&destroyed, 0);
    in_thread(set_three, NULL);
    clause("for NULL none runs", atomic_load(&destroyed) == 0);
    clause("key_delete returns 0", !pthread_key_delete(keys[0]) && !pthread_key_delete(keys[1]));
    clause("setspecific of a deleted key returns EINVAL", pthread_setspecific(keys[0], &keys) == EINVAL);
    pthread_key_t many[PTHREAD_KEYS_MAX];
    int made = 0;
    while (made < PTHREAD_KEYS_MAX && pthread_key_create(&many[made], NULL) == 0)
        made++;
    clause("nearly PTHREAD_KEYS_MAX keys can be made", made >= PTHREAD_KEYS_MAX - 2);
    while (made > 0)
        pthread_key_delete(many[--made]);
}

static atomic_int order;
static int first, second, third;

static void note(void *where)
{
    *(int *)where = 1 + atomic_fetch_add(&order, 1);
}

static void *sleep_with_cleanup(void *argument)
{
    pthread_setspecific(keys[0], argument);
    pthread_cleanup_push(note, &second);
    pthread_cleanup_push(note, &first);
    atomic_store(&phase, 1);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *disabled(void *argument)
{
    int before = -1;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_cancel(pthread_self());
    nap();
    pthread_testcancel();
    note(argument);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    return NULL;
}

static void *asynchronous(void *argument)
{
    // NOLINTNEXTLINE(cert-pos47-c)
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    atomic_store(&phase, 1);
    for (;;)
        ;
    return argument;
}

static void *not_a_point(void *argument)
{
    pthread_cancel(pthread_self());
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    note(argument);
    pthread_testcancel();
    return NULL;
}

static void *cancelled_wait(void *argument)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(note, argument);
    atomic_store(&phase, 1);
    for (;;)
        pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(0);
    return NULL;
}

static bool is_cancelled(void *(*run)(void *), void *argument, bool by_us)
{
    pthread_t thread;
    void *result = NULL;
    atomic_store(&phase, 0);
    atomic_store(&order, 0);
    pthread_create(&thread, NULL, run, argument);
    while (by_us && atomic_load(&phase) == 0)
        nap();
    if (by_us)
        pthread_cancel(thread);
    pthread_join(thread, &result);
    return result == PTHREAD_CANCELED;
}

static void cancellation(void)
{
    pthread_key_create(&keys[0], note);
    clause("a thread in pause ends as PTHREAD_CANCELED", is_cancelled(sleep_with_cleanup, &third, true));
    clause("cleanup handlers run, the last pushed first", first == 1 && second == 2);
    clause("then destructors of keys", third == 3);
    pthread_key_delete(keys[0]);
    first = 0;
    clause("disabled: it ends when enabled again", is_cancelled(disabled, &first, false));
    clause("disabled: but not before", first == 1);
    clause("asynchronous: a loop is ended", is_cancelled(asynchronous, NULL, true));
    make(PTHREAD_MUTEX_NORMAL, false);
    first = 0;
    clause("testcancel ends a cancelled thread", is_cancelled(not_a_point, &first, false));
    clause("mutex_lock is no cancellation point", first == 1);
    pthread_cond_init(&condition, NULL);
    first = 0;
    clause("cond_wait is one", is_cancelled(cancelled_wait, &first, true));
    clause("its cleanup handler holds the mutex", first == 1 && pthread_mutex_trylock(&mutex) == EBUSY);
    int type = -1;
    clause("setcancelstate of nonsense returns EINVAL", pthread_setcancelstate(99, NULL) == EINVAL);
    clause("setcanceltype of nonsense returns EINVAL", pthread_setcanceltype(99, NULL) == EINVAL);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    clause("the type is deferred by default", type == PTHREAD_CANCEL_DEFERRED);
}

static void *give(void *argument)
{
    return argument;
}

static void *exits(void *argument)
{
    pthread_exit(argument);
}

static void *main_of_child(void *argument)
{
    pthread_join(*(pthread_t *)argument, NULL);
    _exit(7);
}

static void ending(void)
{
    pthread_t thread;
    clause("join gives what the thread returned", in_thread(give, (void *)11) == 11);
    clause("or passed to pthread_exit", in_thread(exits, (void *)12) == 12);
    clause("join of itself returns EDEADLK", pthread_join(pthread_self(), NULL) == EDEADLK);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    atomic_store(&phase, 0);
    pthread_create(&thread, &attr, asynchronous, NULL);
    while (atomic_load(&phase) == 0)
        nap();
    clause("join of a detached one returns EINVAL", pthread_join(thread, NULL) == EINVAL);
    clause("detach of a detached one returns EINVAL", pthread_detach(thread) == EINVAL);
    pthread_cancel(thread);
    clause("attr: less than the least stack returns EINVAL", pthread_attr_setstacksize(&attr, 16) == EINVAL);
    pthread_attr_destroy(&attr);
    pid_t pid = fork();
    if (pid == 0) {
        static pthread_t main_thread;
        main_thread = pthread_self();
        pthread_create(&thread, NULL, main_of_child, &main_thread);
        pthread_exit(NULL);
    }
    clause("a process outlives the pthread_exit of main", status_of(pid) == 7);
    pid = fork();
    if (pid == 0)
        pthread_exit((void *)5);
    clause("and ends with 0 after its last thread's", status_of(pid) == 0);
}

int main(void)
{
    static const struct interface rows[] = {
        {"pthread_mutex", mutex_kinds},    {"pthread_mutex_timedlock", mutex_timed},
        {"robust mutex", mutex_robust},    {"process-shared mutex", mutex_shared},
        {"pthread_cond", conditions},      {"pthread_rwlock", rwlocks},
        {"pthread_barrier", barriers},     {"pthread", small_ones},
        {"pthread_key", specific},         {"pthread_cancel", cancellation},
        {"pthread_exit and join", ending},
    };
    return posix_main(rows, sizeof rows / sizeof *rows);
}
