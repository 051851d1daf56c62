/* The keeper thread: woken by one futex word, timed by its own period. */
#include "pipeline/keeper.h"

#include "base/clock.h"
#include "pipeline/own_thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)512 * 1024)

static struct {
    const struct keeper_work *work;
    pthread_t thread;
    atomic_bool is_running;
    atomic_bool is_busy;
    atomic_bool is_stopping;
    _Atomic int32_t tid;
    _Atomic uint32_t wake;     /* futex: grows with every reason to look */
    _Atomic uint32_t asked;    /* tasks asked for */
    _Atomic uint32_t done;     /* futex: tasks done */
    _Atomic uint32_t progress; /* grows while a task lives */
    atomic_bool is_patient;    /* a task waits for something with its own deadline */
} keeper;

static void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec timeout = {.tv_sec = timeout_ns / NS_PER_S, .tv_nsec = timeout_ns % NS_PER_S};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns < 0 ? NULL : &timeout, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0);
}

static void poke(void)
{
    atomic_fetch_add_explicit(&keeper.wake, 1, memory_order_release);
    futex_wake(&keeper.wake);
}

static void run_tasks(void)
{
    while (atomic_load_explicit(&keeper.done, memory_order_relaxed) !=
           atomic_load_explicit(&keeper.asked, memory_order_acquire)) {
        keeper.work->task();
        /* Release: the waiter sees what the task did; and whoever sees the patience end sees the task done.
         */
        atomic_fetch_add_explicit(&keeper.done, 1, memory_order_release);
        atomic_store_explicit(&keeper.is_patient, false, memory_order_release);
        futex_wake(&keeper.done);
    }
}

static void *keeper_main(void *argument)
{
    prctl(PR_SET_NAME, "preflame-keeper");
    keeper.work->begin();
    atomic_store_explicit(&keeper.tid, (int32_t)syscall(SYS_gettid), memory_order_relaxed);
    int64_t next_ns = clock_mono_ns();
    uint64_t number = 0;
    while (!atomic_load_explicit(&keeper.is_stopping, memory_order_acquire)) {
        uint32_t wake = atomic_load_explicit(&keeper.wake, memory_order_acquire);
        run_tasks();
        int64_t now_ns = clock_mono_ns();
        bool is_busy = atomic_load_explicit(&keeper.is_busy, memory_order_acquire);
        if (is_busy && now_ns >= next_ns) {
            keeper.work->tick(number++);
            now_ns = clock_mono_ns();
            next_ns = now_ns + KEEPER_PERIOD_NS;
        }
        futex_wait(&keeper.wake, wake, is_busy ? next_ns - now_ns : -1);
    }
    run_tasks();
    return argument;
}

void keeper_init(const struct keeper_work *work)
{
    keeper.work = work;
}

static int start(void)
{
    if (atomic_load_explicit(&keeper.is_running, memory_order_acquire))
        return 0;
    atomic_store(&keeper.is_stopping, false);
    int error = own_thread_start(&keeper.thread, STACK_BYTES, keeper_main, NULL);
    atomic_store_explicit(&keeper.is_running, !error, memory_order_release);
    return error;
}

int keeper_set_busy(bool is_busy)
{
    int error = is_busy ? start() : 0;
    atomic_store_explicit(&keeper.is_busy, is_busy && !error, memory_order_release);
    poke();
    return error;
}

void keeper_progress(bool is_patient)
{
    atomic_store_explicit(&keeper.is_patient, is_patient, memory_order_relaxed);
    atomic_fetch_add_explicit(&keeper.progress, 1, memory_order_relaxed);
}

static bool is_done(uint32_t done, uint32_t ticket)
{
    return (int32_t)(done - ticket) >= 0;
}

bool keeper_run(int64_t stall_ns, int64_t total_ns)
{
    if (!atomic_load_explicit(&keeper.is_running, memory_order_acquire))
        return false;
    uint32_t ticket = atomic_fetch_add_explicit(&keeper.asked, 1, memory_order_acq_rel) + 1;
    poke();
    int64_t start_ns = clock_mono_ns(), moved_ns = start_ns;
    uint32_t progress = atomic_load_explicit(&keeper.progress, memory_order_relaxed);
    for (;;) {
        uint32_t done = atomic_load_explicit(&keeper.done, memory_order_acquire);
        if (is_done(done, ticket))
            return true;
        futex_wait(&keeper.done, done, KEEPER_PERIOD_NS);
        int64_t now_ns = clock_mono_ns();
        uint32_t moved = atomic_load_explicit(&keeper.progress, memory_order_relaxed);
        if (moved != progress || atomic_load_explicit(&keeper.is_patient, memory_order_acquire)) {
            progress = moved;
            moved_ns = now_ns;
        }
        if (now_ns - moved_ns > stall_ns || now_ns - start_ns > total_ns)
            return is_done(atomic_load_explicit(&keeper.done, memory_order_acquire), ticket);
    }
}

void keeper_stop(void)
{
    if (!atomic_exchange(&keeper.is_running, false))
        return;
    atomic_store_explicit(&keeper.is_stopping, true, memory_order_release);
    poke();
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (pthread_timedjoin_np(keeper.thread, NULL, &until) != 0)
        pthread_detach(keeper.thread);
    atomic_store(&keeper.tid, 0);
}

bool keeper_is_self(void)
{
    return atomic_load_explicit(&keeper.tid, memory_order_relaxed) == (int32_t)syscall(SYS_gettid);
}

void keeper_after_fork_child(void)
{
    atomic_store(&keeper.is_running, false);
    atomic_store(&keeper.is_busy, false);
    atomic_store(&keeper.asked, 0);
    atomic_store(&keeper.done, 0);
    atomic_store(&keeper.tid, 0);
}
