/* The budget's numbers, and where they are shown. */
#include "boot/limits.h"

#include "base/clock.h"
#include "exporters/metrics_text.h"
#include "pipeline/budget.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

_Static_assert(sizeof(struct rule_table) + sizeof(struct stack_table) + sizeof(struct bucket_table) +
                       sizeof(struct label_table) + sizeof(struct live_table) + sizeof(struct thread_table) +
                       sizeof(struct scratch_table) + (uint64_t)TOTALS_MAX * TOTALS_ROW_BYTES <=
                   OPTIONS_MEMORY_MAX,
               "tables take more than is promised");

static const struct engine_host *host;
static struct budget budget;
static _Atomic int32_t hz_limit = BUDGET_HZ_ANY; /* budget's, for all threads */

void limits_init(const struct engine_host *the_host)
{
    static const struct totals none;
    struct costs now;
    host = the_host;
    costs_read(host->state, &none, &now);
    budget_init(&budget, host->options->cpu_budget_ppm, &now);
    atomic_store_explicit(&hz_limit, BUDGET_HZ_ANY, memory_order_relaxed);
}

void limits_bound(struct totals *totals)
{
    totals->row_limit = (size_t)options_part_of_memory(host->options, TOTALS_MAX);
}

int limits_hz(int hz)
{
    int32_t limit = atomic_load_explicit(&hz_limit, memory_order_relaxed);
    return hz < limit ? hz : limit;
}

bool limits_look(const struct totals *totals, int hz)
{
    struct costs now;
    costs_read(host->state, totals, &now);
    bool is_changed = budget_look(&budget, &now, hz);
    atomic_store_explicit(&hz_limit, budget.hz_limit, memory_order_relaxed);
    return is_changed;
}

void limits_begin(const struct totals *totals)
{
    costs_read(host->state, totals, &budget.last);
}

void limits_note(struct snapshot *snapshot, int asked_hz, int lowest_hz)
{
    if (lowest_hz < asked_hz)
        snprintf(snapshot->note, sizeof(snapshot->note),
                 "sampled at %d Hz at times, not %d: the CPU budget of %g %% (PREFLAME_CPU_BUDGET)",
                 lowest_hz, asked_hz, host->options->cpu_budget_ppm / 1e4);
}

void limits_self(const struct totals *totals, struct bytes *out)
{
    struct costs now;
    costs_read(host->state, totals, &now);
    bytes_printf(out, "cpu_budget_percent: %g\n", host->options->cpu_budget_ppm / 1e4);
    bytes_printf(out, "cpu_share_percent: %g\n", budget.share_ppm / 1e4);
    bytes_printf(out, "handler_runs: %" PRIu64 "\n", now.handled);
    bytes_printf(out, "handler_ns: %" PRId64 "\n", now.handler_ns);
    bytes_printf(out, "own_threads_ns: %" PRId64 "\n", now.threads_ns);
    bytes_printf(out, "process_ns: %" PRId64 "\n", now.process_ns);
    if (budget.hz_limit != BUDGET_HZ_ANY)
        bytes_printf(out, "thinned_to_hz: %d\n", budget.hz_limit);
    bytes_printf(out, "memory_bytes: %zu\n", now.memory_bytes);
    bytes_printf(out, "memory_max_bytes: %" PRIu64 "\n", host->options->memory_max);
}

void limits_metrics(const struct totals *totals, struct bytes *out)
{
    struct costs now;
    costs_read(host->state, totals, &now);
    metrics_begin(out, "preflame_samples_total", "counter", "Runs of the sampling handler.");
    metrics_number(out, "preflame_samples_total", NULL, NULL, now.handled);
    metrics_begin(out, "preflame_handler_seconds_total", "counter",
                  "CPU time that the sampling handler took of the program's threads.");
    metrics_seconds(out, "preflame_handler_seconds_total", now.handler_ns);
    metrics_begin(out, "preflame_threads_seconds_total", "counter", "CPU time of preflame's own threads.");
    metrics_seconds(out, "preflame_threads_seconds_total", now.threads_ns);
    metrics_begin(out, "preflame_process_seconds_total", "counter",
                  "CPU time of the whole process, to compare with.");
    metrics_seconds(out, "preflame_process_seconds_total", now.process_ns);
    metrics_begin(out, "preflame_memory_bytes", "gauge", "Bytes that preflame's tables hold.");
    metrics_number(out, "preflame_memory_bytes", NULL, NULL, now.memory_bytes);
    metrics_begin(out, "preflame_memory_max_bytes", "gauge",
                  "Bytes that they may hold (PREFLAME_MEMORY_MAX).");
    metrics_number(out, "preflame_memory_max_bytes", NULL, NULL, host->options->memory_max);
    metrics_begin(out, "preflame_thinned_hertz", "gauge",
                  "Sampling rate that PREFLAME_CPU_BUDGET has left; 0: as asked for.");
    metrics_number(out, "preflame_thinned_hertz", NULL, NULL,
                   budget.hz_limit == BUDGET_HZ_ANY ? 0 : (uint64_t)budget.hz_limit);
}
