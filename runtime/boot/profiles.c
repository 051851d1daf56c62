/* Buckets to profiles. */
#include "boot/profiles.h"

#include "base/clock.h"
#include "exporters/build.h"
#include "pipeline/drain.h"
#include "pipeline/freeze.h"
#include "pipeline/threads.h"

#include <stdio.h>
#include <stdlib.h>

static const struct engine_host *host;
static int64_t start_mono_ns;

void profiles_init(const struct engine_host *the_host)
{
    host = the_host;
    start_mono_ns = clock_mono_ns();
}

static struct thread_source thread_source(void)
{
    return (struct thread_source){.state = host->state,
                                  .waiting = host->thread_waiting,
                                  .stack = host->thread_stack,
                                  .ask = host->thread_ask,
                                  .answered = host->thread_answered};
}

static int view_threads(struct thread_view **ret, size_t *ret_count)
{
    struct thread_source source = thread_source();
    if (!host->sampler_install()) /* running threads are asked by our signal */
        source.ask = NULL;
    return threads_view(&source, ret, ret_count);
}

/* Why an empty heap profile is empty. */
static void explain_heap(struct profile *profile)
{
    char text[PATH_MAX + 64];
    if (!host->options->heap_interval)
        profile_add_comment(profile, "preflame: no allocation is sampled: PREFLAME_HEAP_INTERVAL is 0");
    if (!host->heap_bypass)
        return;
    snprintf(text, sizeof(text),
             "preflame: no allocation is seen: malloc is that of %s, before libpreflame.so",
             host->heap_bypass);
    profile_add_comment(profile, text);
}

static int build(const struct profile_kind *kind, struct snapshot *snapshot, bool has_both,
                 struct profile **ret)
{
    losses_read(host->state, &snapshot->losses);
    snapshot->period = kind->bucket == BUCKET_HEAP ? host->options->heap_interval : 1;
    snapshot->time_ns = clock_real_ns();
    snapshot->duration_ns = clock_mono_ns() - start_mono_ns;
    int error = profile_build(kind, snapshot, has_both, ret);
    if (!error && kind->bucket == BUCKET_HEAP)
        explain_heap(*ret);
    return error;
}

static int take_threads(const struct profile_kind *kind, struct profile **ret)
{
    struct thread_view *views = NULL;
    struct snapshot snapshot = {0};
    size_t count = 0;
    int error = view_threads(&views, &count);
    if (!error)
        error = freeze_threads(host->state, views, count, host->modules_each, &snapshot);
    if (!error)
        error = build(kind, &snapshot, false, ret);
    snapshot_clear(&snapshot);
    free(views);
    return error;
}

/* All waits so far: those that have ended, and those that go on as long as they have lasted. */
static int take_waits(const struct profile_kind *kind, struct profile **ret)
{
    struct thread_view *views = NULL;
    struct snapshot snapshot = {0};
    size_t count = 0;
    int error = view_threads(&views, &count);
    if (!error)
        error = freeze_waits(host->state, views, count, host->modules_each, &snapshot);
    if (!error)
        error = build(kind, &snapshot, false, ret);
    snapshot_clear(&snapshot);
    free(views);
    return error;
}

int profiles_take(const struct profile_kind *kind, bool has_both, struct profile **ret)
{
    struct snapshot snapshot;
    host->modules_refresh();
    if (profile_kind_is_threads(kind))
        return take_threads(kind, ret);
    if (kind == &profile_kind_wall)
        return take_waits(kind, ret);
    int error = freeze_buckets(host->state, kind->bucket, host->modules_each, &snapshot);
    if (!error)
        error = build(kind, &snapshot, has_both, ret);
    snapshot_clear(&snapshot);
    return error;
}

static void count_used(struct bucket *bucket, void *context)
{
    int64_t any = 0;
    for (unsigned i = 0; i < BUCKET_VALUES; i++)
        any |= atomic_load_explicit(&bucket->values[i], memory_order_relaxed);
    *(uint64_t *)context += any != 0;
}

static uint64_t count_threads(void)
{
    uint64_t count = 0;
    const struct thread_table *threads = host->state->threads;
    uint32_t used = atomic_load_explicit(&threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++)
        count += atomic_load_explicit(&threads->slots[i].state, memory_order_acquire) == SLOT_LIVE &&
                 !threads->slots[i].is_internal;
    return count;
}

uint64_t profiles_count(const struct profile_kind *kind)
{
    uint64_t count = 0;
    if (profile_kind_is_threads(kind))
        return count_threads();
    buckets_each(host->state->buckets, kind->bucket, count_used, &count);
    return count;
}

static void sum_values(struct bucket *bucket, void *context)
{
    for (unsigned i = 0; i < BUCKET_VALUES; i++)
        *(uint64_t *)context += (uint64_t)atomic_load_explicit(&bucket->values[i], memory_order_relaxed);
}

uint64_t profiles_sum(const struct profile_kind *kind)
{
    uint64_t sum = 0;
    if (profile_kind_is_threads(kind))
        return count_threads();
    buckets_each(host->state->buckets, kind == &profile_kind_wall ? BUCKET_BLOCK : kind->bucket, sum_values,
                 &sum);
    return sum;
}

void profiles_after_fork_child(void)
{
    start_mono_ns = clock_mono_ns();
    threads_view_after_fork_child();
    for (int kind = BUCKET_NONE + 1; kind < BUCKET_KINDS; kind++) {
        if (kind != BUCKET_HEAP)
            buckets_forget(host->state->buckets, (enum bucket_kind)kind);
    }
}
