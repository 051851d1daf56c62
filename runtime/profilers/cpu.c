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

/* What stands in slot->timer. */
static uint64_t timer_word(int32_t timer, enum timer_state state)
{
    return (uint64_t)(uint32_t)timer << 32 | state;
}

static enum timer_state state_of(uint64_t word)
{
    return (enum timer_state)(uint32_t)word;
}

static int32_t id_of(uint64_t word)
{
    return (int32_t)(word >> 32);
}

/* Sets a thread's timer going, and its account of ticks anew. */
static bool set_going(struct thread_slot *slot, int timer)
{
    int32_t tid = atomic_load_explicit(&slot->tid, memory_order_relaxed);
    int64_t period_ns = atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed);
    /* Another's thread may be in a call that it began as if nobody sampled: that must not end by our signal.
     */
    slot->first_tick_ns = (tid == thread_self.tid ? 0 : HOOK_ENTRY_NS) + random_phase(period_ns, tid);
    slot->armed_cpu_ns = clock_ns(clock_of_thread(tid));
    atomic_fetch_add_explicit(&slot->armings, 1, memory_order_relaxed);
    return set_timer(timer, slot->first_tick_ns, period_ns);
}

/* The timer's word: it ticks, or there is none. */
static uint64_t create_timer(struct thread_slot *slot)
{
    int32_t tid = atomic_load_explicit(&slot->tid, memory_order_relaxed);
    struct sigevent event;
    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SAMPLE_SIGNAL;
    event.sigev_value.sival_ptr = (void *)capture.cookie;
    event._sigev_un._tid = tid;
    int timer = -1;
    if (syscall(SYS_timer_create, (long)clock_of_thread(tid), &event, &timer) != 0)
        return TIMER_NONE;
    if (!set_going(slot, timer)) {
        syscall(SYS_timer_delete, (long)timer);
        return TIMER_NONE;
    }
    return timer_word(timer, TIMER_ARMED);
}

/* Moves the timer to `state` (NONE or CLOSED), deleting it if it runs. Waits out whoever is creating it: that
 * takes two system calls. */
static void disarm(struct thread_slot *slot, enum timer_state state)
{
    for (;;) {
        uint64_t now = atomic_load_explicit(&slot->timer, memory_order_acquire);
        if (state_of(now) == TIMER_CLOSED)
            return;
        if (state_of(now) == TIMER_CREATING) {
            syscall(SYS_sched_yield);
            continue;
        }
        if (!atomic_compare_exchange_weak_explicit(&slot->timer, &now, timer_word(0, state),
                                                   memory_order_acq_rel, memory_order_relaxed))
            continue;
        if (state_of(now) == TIMER_ARMED)
            syscall(SYS_timer_delete, (long)id_of(now));
        return;
    }
}

static bool is_active(void)
{
    return atomic_load_explicit(&capture.sampling.is_active, memory_order_acquire);
}

/* Whoever starts or stops sampling says so first and looks at the slots then; whoever begins a thread or arms
 * one does it the other way round. With a fence between, one of the two sees the other. */
static void fence(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

static void arm(struct thread_slot *slot)
{
    uint64_t now = timer_word(0, TIMER_NONE);
    if (slot->is_internal ||
        !atomic_compare_exchange_strong_explicit(&slot->timer, &now, timer_word(0, TIMER_CREATING),
                                                 memory_order_acq_rel, memory_order_relaxed))
        return;
    fence(); /* whoever stops sees that a timer is being created, or we see that sampling has stopped */
    if (!is_active()) {
        atomic_store_explicit(&slot->timer, timer_word(0, TIMER_NONE), memory_order_release);
        return;
    }
    uint64_t word = create_timer(slot);
    bool is_refused = word == TIMER_NONE && errno != EINVAL; /* EINVAL: the thread has ended meanwhile */
    if (is_refused && !slot->is_timer_refused)
        atomic_fetch_add_explicit(&capture.sampling.refused_timers, 1, memory_order_relaxed);
    slot->is_timer_refused |= is_refused;
    atomic_store_explicit(&slot->timer, word, memory_order_release);
    fence();
    if (!is_active())
        disarm(slot, TIMER_NONE);
}

void cpu_arm_self(struct thread_slot *slot)
{
    int error = errno;
    fence();
    if (is_active())
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
    uint64_t now = slot ? atomic_load_explicit(&slot->timer, memory_order_acquire) : TIMER_NONE;
    if (state_of(now) != TIMER_ARMED)
        return false;
    int error = errno;
    int64_t period_ns = atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed);
    set_timer(id_of(now), is_quiet ? 0 : random_phase(period_ns, thread_self.tid), period_ns);
    errno = error;
    return true;
}

void cpu_settle_self(struct thread_slot *slot)
{
    uint64_t now = atomic_load_explicit(&slot->timer, memory_order_acquire);
    if (slot->is_internal || state_of(now) != TIMER_ARMED ||
        !atomic_load_explicit(&capture.sampling.is_recorded, memory_order_relaxed))
        return;
    int error = errno;
    int64_t period_ns = atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed);
    set_timer(id_of(now), 0, 0); /* no tick from here on */
    int64_t used_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - slot->armed_cpu_ns - slot->first_tick_ns;
    uint64_t due = used_ns < 0 ? 0 : 1 + (uint64_t)(used_ns / period_ns);
    bool is_counted = slot->counted_arming == atomic_load_explicit(&slot->armings, memory_order_relaxed);
    uint64_t counted = is_counted ? slot->ticks_counted : 0;
    if (due > counted) {
        uint64_t missing = due - counted;
        struct record record = {.time_ns = clock_mono_ns(),
                                .value = (int64_t)missing * period_ns,
                                .stack = capture_marked(PC_THREAD_ENDED, thread_slot_entry(slot)),
                                .tid = thread_self.tid,
                                .count = (uint32_t)missing,
                                .kind = RECORD_CPU,
                                .labels = (uint16_t)thread_self.labels};
        ring_push(&slot->ring, &record);
    }
    errno = error;
}

/* Gives a running timer the period that holds now. One that is being created may have the old one: waits. */
static void change_period(struct thread_slot *slot)
{
    for (;;) {
        uint64_t now = atomic_load_explicit(&slot->timer, memory_order_acquire);
        if (state_of(now) == TIMER_CREATING) {
            syscall(SYS_sched_yield);
            continue;
        }
        if (state_of(now) != TIMER_ARMED)
            return;
        if (!atomic_compare_exchange_weak_explicit(&slot->timer, &now, timer_word(0, TIMER_CREATING),
                                                   memory_order_acq_rel, memory_order_relaxed))
            continue;
        set_going(slot, id_of(now));
        atomic_store_explicit(&slot->timer, now, memory_order_release);
        return;
    }
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
        enum timer_state state =
            state_of(atomic_load_explicit(&capture.threads->slots[i].timer, memory_order_relaxed));
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

/* Strangers are those whose start nobody saw. One that a start of sampling just missed is armed here too. */
static void adopt(int32_t tid)
{
    if (tid <= 0)
        return;
    struct thread_slot *slot = thread_slot_find(capture.threads, tid);
    if (!slot) {
        slot = thread_slot_take(capture.threads);
        if (!slot)
            return;
        slot->is_foreign = true;
        /* Release: whoever sees the number sees that it is foreign. */
        atomic_store_explicit(&slot->tid, tid, memory_order_release);
    }
    arm(slot);
}

static void adopt_all(void)
{
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

/* A timer outlives its thread: it is asked for what it will do, and says nothing. */
static bool is_dead(uint64_t word)
{
    struct itimerspec when = {.it_interval = {.tv_sec = 1}};
    return state_of(word) == TIMER_ARMED && syscall(SYS_timer_gettime, (long)id_of(word), &when) == 0 &&
           !when.it_interval.tv_sec && !when.it_interval.tv_nsec;
}

/* Nobody tells when strangers end. */
static void release_gone(void)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        if (atomic_load_explicit(&slot->state, memory_order_acquire) == SLOT_LIVE && slot->is_foreign &&
            is_dead(atomic_load_explicit(&slot->timer, memory_order_acquire)))
            disarm(slot, TIMER_NONE);
    }
    (void)thread_slots_sweep(capture.threads);
}

void cpu_arm_strangers(void)
{
    if (!is_active())
        return;
    release_gone();
    adopt_all();
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
    fence();
    if (is_changed)
        change_periods();
    arm_known();
    cpu_arm_strangers();
    return is_any_armed() ? 0 : -ENOTSUP;
}

void cpu_stop(void)
{
    atomic_store_explicit(&capture.sampling.is_active, 0, memory_order_release);
    fence();
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        disarm(slot, TIMER_NONE);
    }
    /* Only now may hooks stop watching for our EINTR. A CPU timer expires on its thread's own CPU, so a
     * thread with a signal on its way is in the kernel: in a call that its hook watches, or about to take the
     * signal before it makes another. */
    atomic_fetch_and_explicit(&capture.hooks_active, ~(uint32_t)HOOK_SAMPLE, memory_order_release);
}

void cpu_forget_timers(void)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++)
        atomic_store_explicit(&capture.threads->slots[i].timer, TIMER_NONE, memory_order_relaxed);
}
