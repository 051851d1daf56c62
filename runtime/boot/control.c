/* Starting, stopping and reading the CPU profile. */
#include "boot/control.h"

#include "base/clock.h"
#include "boot/limits.h"
#include "exporters/build.h"
#include "exporters/metrics_text.h"
#include "pipeline/drain.h"
#include "pipeline/freeze.h"
#include "pipeline/keeper.h"
#include "pipeline/locks.h"
#include "pipeline/totals.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>

static const struct engine_host *host;
static struct lock control_lock = LOCK_INITIALIZER(CONTROL);

/* Under control_lock, but for totals, which the pipeline's lock protects. */
static struct {
    bool is_running;
    bool trace_wants;
    bool is_ticking;       /* for others: control_keep_ticking */
    bool is_sampling;      /* for either */
    bool is_overdue;       /* the budget says another rate, which isn't set yet; the keeper's */
    bool has_said_refused; /* no thread for the keeper */
    int asked_hz;          /* what is wanted, */
    int lowest_hz;         /* and the least that the budget has left of it in this profile */
    int64_t start_mono_ns, start_real_ns;
    struct losses before;
    struct totals totals;
    uint32_t opens_seen;
} cpu;

void control_init(const struct engine_host *the_host)
{
    host = the_host;
    totals_init(&cpu.totals);
    limits_init(host);
    limits_bound(&cpu.totals);
}

/* The keeper has work while samples come in, or a trace may begin. */
static void keep_busy(void)
{
    int error = keeper_set_busy(cpu.is_running || cpu.trace_wants || cpu.is_ticking ||
                                atomic_load_explicit(&host->state->sink, memory_order_acquire));
    if (error && !cpu.has_said_refused)
        host->log(LOG_WARN, "a thread is refused: long profiles lose samples");
    cpu.has_said_refused |= error != 0;
}

void control_keep_ticking(bool is_wanted)
{
    lock_take(&control_lock);
    cpu.is_ticking = is_wanted;
    keep_busy();
    lock_leave(&control_lock);
}

void control_resume(void)
{
    lock_take(&control_lock);
    keep_busy();
    lock_leave(&control_lock);
}

static void forget_spent(void)
{
    lock_take(&pipeline_lock);
    limits_begin(&cpu.totals);
    lock_leave(&pipeline_lock);
}

/* Brings the timers in line with who wants samples, at `hz` or as many as the budget leaves. */
static int apply(int hz)
{
    cpu.asked_hz = hz;
    int error = 0;
    bool was_sampling = cpu.is_sampling;
    cpu.is_sampling = cpu.is_running || cpu.trace_wants;
    keep_busy(); /* its thread comes before our handler: with the first thread glibc sets its own */
    if (cpu.is_sampling) {
        if (!was_sampling)
            forget_spent();
        int fit_hz = limits_hz(hz);
        cpu.lowest_hz = fit_hz < cpu.lowest_hz ? fit_hz : cpu.lowest_hz;
        error = host->sampler_install() ? host->cpu_start(fit_hz, cpu.is_running) : -ENOTSUP;
    } else {
        host->cpu_stop();
    }
    return error;
}

static void drain(bool is_kept)
{
    lock_take(&pipeline_lock);
    drain_rings(host->state, is_kept ? &cpu.totals : NULL);
    lock_leave(&pipeline_lock);
}

int control_cpu_begin(int hz)
{
    lock_take(&control_lock);
    int error = -EBUSY;
    if (!cpu.is_running) {
        drain(false);
        totals_clear(&cpu.totals);
        losses_read(host->state, &cpu.before);
        cpu.start_mono_ns = clock_mono_ns();
        cpu.start_real_ns = clock_real_ns();
        cpu.is_running = true;
        cpu.lowest_hz = INT_MAX;
        error = apply(hz ? hz : host->options->cpu_hz);
        if (error) {
            cpu.is_running = false;
            if (apply(host->options->cpu_hz))
                host->cpu_stop();
        }
    }
    lock_leave(&control_lock);
    return error;
}

static int build(int64_t end_ns, int64_t period_ns, int asked_hz, const struct profile_kind *kind,
                 struct profile **ret)
{
    struct snapshot snapshot;
    struct losses after;
    host->modules_refresh();
    lock_take(&pipeline_lock);
    drain_rings(host->state, &cpu.totals);
    int error = freeze(host->state, &cpu.totals, host->modules_each, &snapshot);
    losses_read(host->state, &after);
    after.totals_full = cpu.totals.lost;
    lock_leave(&pipeline_lock);
    snapshot.losses = losses_since(&cpu.before, &after);
    snapshot.period = period_ns;
    snapshot.time_ns = cpu.start_real_ns;
    snapshot.duration_ns = end_ns - cpu.start_mono_ns;
    limits_note(&snapshot, asked_hz, cpu.lowest_hz);
    if (!error)
        error = profile_build(kind, &snapshot, false, ret);
    snapshot_clear(&snapshot);
    return error;
}

int control_cpu_take(bool ends, const struct profile_kind *kind, struct profile **ret)
{
    int error = -ENOENT;
    lock_take(&control_lock);
    if (cpu.is_running) {
        int64_t period_ns = atomic_load_explicit(&host->state->sampling.period_ns, memory_order_relaxed);
        int64_t end_ns = clock_mono_ns();
        int asked_hz = cpu.asked_hz;
        if (ends) {
            cpu.is_running = false;
            (void)apply(
                host->options->cpu_hz); /* the profile is taken whatever becomes of the trace's rate */
        }
        error = build(end_ns, period_ns, asked_hz, kind, ret);
        if (ends)
            totals_clear(&cpu.totals);
    }
    lock_leave(&control_lock);
    return error;
}

uint64_t control_cpu_samples(void)
{
    uint64_t samples = 0;
    lock_take(&pipeline_lock);
    drain_rings(host->state, &cpu.totals);
    for (size_t i = 0; i < cpu.totals.count; i++)
        samples += cpu.totals.rows[i].count;
    lock_leave(&pipeline_lock);
    return samples;
}

void control_trace_sampling(bool is_wanted)
{
    lock_take(&control_lock);
    if (cpu.trace_wants != is_wanted) {
        cpu.trace_wants = is_wanted;
        atomic_store_explicit(&host->state->traces_samples, is_wanted, memory_order_relaxed);
        int error = apply(cpu.is_running ? cpu.asked_hz : host->options->cpu_hz);
        if (error)
            host->log(LOG_WARN, "no CPU samples in the trace: timers are refused (see RLIMIT_SIGPENDING)");
    }
    lock_leave(&control_lock);
}

/* Keeps the budget. Somebody who holds the lock may be at it for long: then another time. */
static void keep_budget(void)
{
    lock_take(&pipeline_lock);
    cpu.is_overdue |= limits_look(&cpu.totals, cpu.asked_hz);
    lock_leave(&pipeline_lock);
    if (!cpu.is_overdue || !lock_try(&control_lock))
        return;
    if (cpu.is_sampling && apply(cpu.asked_hz))
        host->log(LOG_WARN, "no CPU samples any more: timers are refused");
    cpu.is_overdue = false;
    lock_leave(&control_lock);
}

bool control_tick(uint64_t number)
{
    lock_take(&pipeline_lock);
    drain_rings(host->state, cpu.is_running ? &cpu.totals : NULL);
    lock_leave(&pipeline_lock);
    uint32_t opens = atomic_load_explicit(host->module_opens, memory_order_relaxed);
    bool is_tenth = number % 10 == 9;
    bool is_changed = (opens != cpu.opens_seen || is_tenth) && host->modules_refresh();
    cpu.opens_seen = opens;
    if (is_tenth) {
        host->look_around();
        keep_budget();
    }
    return is_changed;
}

void control_after_fork_child(void)
{
    lock_renew(&control_lock);
    lock_renew(&pipeline_lock);
    totals_init(&cpu.totals); /* the parent's rows stay allocated: freeing them here may wait for a lock that
                                 is gone */
    limits_init(host);
    limits_bound(&cpu.totals);
    cpu.is_running = cpu.is_sampling = false;
    cpu.trace_wants = false;
    losses_read(host->state, &cpu.before);
}

void control_self(struct bytes *out)
{
    struct losses now;
    losses_read(host->state, &now);
    bytes_printf(out, "cpu_profiling: %s\n", cpu.is_running ? "running" : "idle");
    bytes_printf(out, "tracing: %s\n",
                 atomic_load_explicit(&host->state->sink, memory_order_acquire) ? "loaded" : "off");
    bytes_printf(out, "stacks: %u\n",
                 atomic_load_explicit(&host->state->stacks->stacks, memory_order_relaxed));
    lock_take(&pipeline_lock);
    limits_self(&cpu.totals, out);
    lock_leave(&pipeline_lock);
    bytes_printf(out, "lock_inversions: %" PRIu64 "\n",
                 atomic_load_explicit(&host->state->lock_inversions, memory_order_relaxed));
    losses_print(&now, out);
}

static void put_losses(const struct losses *losses, struct bytes *out)
{
    static const char lost[] = "preflame_lost_total";
    metrics_begin(out, lost, "counter",
                  "What profiles and traces lack, by reason: samples, stacks, threads, events.");
#define LOSS_METRIC(member, name) metrics_number(out, lost, "reason", name, losses->member);
    LOSSES(LOSS_METRIC)
#undef LOSS_METRIC
}

void control_metrics(struct bytes *out)
{
    struct losses now;
    losses_read(host->state, &now);
    metrics_begin(out, "preflame_info", "gauge", "The version of preflame in this process.");
    metrics_number(out, "preflame_info", "version", PREFLAME_VERSION, 1);
    metrics_begin(out, "preflame_cpu_profiling", "gauge", "Whether a CPU profile is being taken.");
    metrics_number(out, "preflame_cpu_profiling", NULL, NULL, cpu.is_running);
    metrics_begin(out, "preflame_tracing", "gauge", "Whether the trace provider is loaded.");
    metrics_number(out, "preflame_tracing", NULL, NULL,
                   atomic_load_explicit(&host->state->sink, memory_order_acquire) != NULL);
    metrics_begin(out, "preflame_stacks", "gauge", "Different stacks in the dictionary.");
    metrics_number(out, "preflame_stacks", NULL, NULL,
                   atomic_load_explicit(&host->state->stacks->stacks, memory_order_relaxed));
    lock_take(&pipeline_lock);
    limits_metrics(&cpu.totals, out);
    lock_leave(&pipeline_lock);
    put_losses(&now, out);
}
