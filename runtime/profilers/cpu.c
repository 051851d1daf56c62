/* Timers per thread: POSIX CPU-time timers by raw system calls, random first phase, delivered to their own
 * thread. */
#include "profilers/cpu.h"

#include "base/clock.h"
#include "base/marker.h"
#include "capture/capture.h"
#include "capture/sample_handler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A thread's CPU clock, by its id (linux/posix-timers.h: the id inverted, per-thread bit, scheduled time). */
static clockid_t thread_clock(int32_t tid)
{
    return (clockid_t)(((~(unsigned)tid) << 3) | 6);
}

/* A phase in (0, period]: threads that start together must not be sampled together. */
static int64_t random_phase(int64_t period_ns, int32_t tid)
{
    uint64_t noise = 0;
    if (syscall(SYS_getrandom, &noise, sizeof(noise), GRND_NONBLOCK) != sizeof(noise))
        noise = (uint64_t)clock_mono_ns() * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)tid;
    return 1 + (int64_t)(noise % (uint64_t)period_ns);
}

/* First tick after first_ns (0 stops the timer), then one every period_ns. */
static bool set_timer(int timer, int64_t first_ns, int64_t period_ns)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = first_ns / NS_PER_S, .tv_nsec = first_ns % NS_PER_S},
        .it_interval = {.tv_sec = period_ns / NS_PER_S, .tv_nsec = period_ns % NS_PER_S},
    };
    return syscall(SYS_timer_settime, (long)timer, 0L, &when, NULL) == 0;
}

/* Sets a thread's timer going, and its account of ticks anew. */
static bool set_going(struct thread_slot *slot, int timer)
{
    int32_t tid = atomic_load_explicit(&slot->tid, memory_order_relaxed);
    int64_t period_ns = atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed);
    slot->first_tick_ns = random_phase(period_ns, tid);
    slot->armed_cpu_ns = clock_ns(thread_clock(tid));
    atomic_fetch_add_explicit(&slot->armings, 1, memory_order_relaxed);
    return set_timer(timer, slot->first_tick_ns, period_ns);
}

static bool create_timer(struct thread_slot *slot)
{
    int32_t tid = atomic_load_explicit(&slot->tid, memory_order_relaxed);
    struct sigevent event;
    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SAMPLE_SIGNAL;
    event.sigev_value.sival_ptr = (void *)capture.cookie;
    event._sigev_un._tid = tid;
    int timer = -1;
    if (syscall(SYS_timer_create, (long)thread_clock(tid), &event, &timer) != 0)
        return false;
    if (!set_going(slot, timer)) {
        syscall(SYS_timer_delete, (long)timer);
        return false;
    }
    slot->timer_id = timer;
    return true;
}

static bool arm(struct thread_slot *slot)
{
    uint32_t state = TIMER_NONE;
    if (slot->is_internal ||
        !atomic_compare_exchange_strong_explicit(&slot->timer_state, &state, TIMER_CREATING,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return false;
    bool is_armed = create_timer(slot);
    if (!is_armed)
        atomic_fetch_add_explicit(&capture.sampling.refused_timers, 1, memory_order_relaxed);
    /* Release: publishes timer_id. */
    atomic_store_explicit(&slot->timer_state, is_armed ? TIMER_ARMED : TIMER_NONE, memory_order_release);
    return is_armed;
}

/* Moves the timer to `state` (NONE or CLOSED), deleting it if it runs. Waits out whoever is creating it: that
 * takes two system calls. */
static void disarm(struct thread_slot *slot, enum timer_state state)
{
    for (;;) {
        uint32_t now = atomic_load_explicit(&slot->timer_state, memory_order_acquire);
        if (now == TIMER_CLOSED)
            return;
        if (now == TIMER_CREATING) {
            syscall(SYS_sched_yield);
            continue;
        }
        int timer = slot->timer_id;
        if (!atomic_compare_exchange_weak_explicit(&slot->timer_state, &now, state, memory_order_acq_rel,
                                                   memory_order_relaxed))
            continue;
        if (now == TIMER_ARMED)
            syscall(SYS_timer_delete, (long)timer);
        return;
    }
}

void cpu_arm_self(struct thread_slot *slot)
{
    int error = errno;
    if (atomic_load_explicit(&capture.sampling.is_active, memory_order_acquire))
        arm(slot);
    errno = error;
}

void cpu_disarm_self(struct thread_slot *slot)
{
    int error = errno;
    disarm(slot, TIMER_CLOSED);
    errno = error;
}

bool cpu_quiet_self(bool is_quiet)
{
    struct thread_slot *slot = thread_self.slot;
    if (!slot || atomic_load_explicit(&slot->timer_state, memory_order_acquire) != TIMER_ARMED)
        return false;
    int error = errno;
    int64_t period_ns = atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed);
    set_timer(slot->timer_id, is_quiet ? 0 : random_phase(period_ns, thread_self.tid), period_ns);
    errno = error;
    return true;
}

void cpu_settle_self(struct thread_slot *slot)
{
    if (slot->is_internal || atomic_load_explicit(&slot->timer_state, memory_order_acquire) != TIMER_ARMED ||
        !atomic_load_explicit(&capture.sampling.is_recorded, memory_order_relaxed))
        return;
    int error = errno;
    int64_t period_ns = atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed);
    set_timer(slot->timer_id, 0, 0); /* no tick from here on */
    int64_t used_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - slot->armed_cpu_ns - slot->first_tick_ns;
    uint64_t due = used_ns < 0 ? 0 : 1 + (uint64_t)(used_ns / period_ns);
    bool is_counted = slot->counted_arming == atomic_load_explicit(&slot->armings, memory_order_relaxed);
    uint64_t counted = is_counted ? slot->ticks_counted : 0;
    if (due > counted) {
        uint64_t missing = due - counted;
        uint64_t entry =
            slot->start ? (uint64_t)(uintptr_t)slot->start : (uint64_t)(uintptr_t)slot->start_c11;
        struct record record = {.time_ns = clock_mono_ns(),
                                .value = (int64_t)missing * period_ns,
                                .stack = capture_marked(PC_THREAD_ENDED, entry),
                                .tid = thread_self.tid,
                                .count = (uint32_t)missing,
                                .kind = RECORD_CPU,
                                .labels = (uint16_t)thread_self.labels};
        ring_push(&slot->ring, &record);
    }
    errno = error;
}

/* Gives a running timer the period that holds now. */
static void change_period(struct thread_slot *slot)
{
    uint32_t state = TIMER_ARMED;
    if (!atomic_compare_exchange_strong_explicit(&slot->timer_state, &state, TIMER_CREATING,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return;
    set_going(slot, slot->timer_id);
    atomic_store_explicit(&slot->timer_state, TIMER_ARMED, memory_order_release);
}

static void change_periods(void)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++)
        change_period(&capture.threads->slots[i]);
}

static void arm_known(void)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_LIVE &&
            atomic_load_explicit(&slot->tid, memory_order_relaxed))
            arm(slot);
    }
}

/* Whoever armed them: threads that a trace samples are armed when a profile begins. */
static bool is_any_armed(void)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        uint32_t state = atomic_load_explicit(&capture.threads->slots[i].timer_state, memory_order_relaxed);
        if (state == TIMER_ARMED || state == TIMER_CREATING)
            return true;
    }
    return false;
}

struct directory_entry { /* getdents64(2) */
    uint64_t inode;
    int64_t next;
    unsigned short size;
    unsigned char type;
    char name[];
};

static void adopt(int32_t tid)
{
    if (tid <= 0 || thread_slot_find(capture.threads, tid))
        return;
    struct thread_slot *slot = thread_slot_take(capture.threads);
    if (!slot)
        return;
    slot->is_foreign = true;
    atomic_store_explicit(&slot->tid, tid, memory_order_relaxed);
    if (!arm(slot)) /* it has ended meanwhile, or may not have a timer */
        thread_slot_leave(capture.threads, slot);
}

void cpu_arm_strangers(void)
{
    if (!atomic_load_explicit(&capture.sampling.is_active, memory_order_acquire))
        return;
    int fd = (int)syscall(SYS_openat, (long)AT_FDCWD, "/proc/self/task",
                          (long)(O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0)
        return;
    _Alignas(struct directory_entry) char buffer[2048];
    long size;
    while ((size = syscall(SYS_getdents64, (long)fd, buffer, sizeof(buffer))) > 0) {
        for (long at = 0; at < size;) {
            const struct directory_entry *entry = (const void *)(buffer + at);
            adopt((int32_t)strtol(entry->name, NULL, 10));
            at += entry->size;
        }
    }
    syscall(SYS_close, (long)fd);
}

int cpu_start(int hz, bool is_recorded)
{
    int64_t period_ns = NS_PER_S / hz;
    bool is_changed = atomic_load_explicit(&capture.sampling.is_active, memory_order_relaxed) &&
                      atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed) != period_ns;
    atomic_store_explicit(&capture.sampling.period_ns, period_ns, memory_order_relaxed);
    atomic_store_explicit(&capture.sampling.is_recorded, is_recorded, memory_order_relaxed);
    /* Release: a thread that sees it active sees the settings. */
    atomic_store_explicit(&capture.sampling.is_active, 1, memory_order_release);
    atomic_fetch_or_explicit(&capture.hooks_active, HOOK_SAMPLE, memory_order_relaxed);
    if (is_changed)
        change_periods();
    arm_known();
    cpu_arm_strangers();
    return is_any_armed() ? 0 : -ENOTSUP;
}

void cpu_stop(void)
{
    atomic_store_explicit(&capture.sampling.is_active, 0, memory_order_release);
    atomic_fetch_and_explicit(&capture.hooks_active, ~(uint32_t)HOOK_SAMPLE, memory_order_relaxed);
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        disarm(slot, TIMER_NONE);
    }
}

void cpu_forget_timers(void)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++)
        atomic_store_explicit(&capture.threads->slots[i].timer_state, TIMER_NONE, memory_order_relaxed);
}
