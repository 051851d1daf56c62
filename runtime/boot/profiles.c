/* Buckets to profiles. */
#include "boot/profiles.h"

#include "base/clock.h"
#include "exporters/build.h"
#include "pipeline/drain.h"
#include "pipeline/freeze.h"

static const struct engine_host *host;
static int64_t start_mono_ns;

void profiles_init(const struct engine_host *the_host)
{
    host = the_host;
    start_mono_ns = clock_mono_ns();
}

int profiles_take(const struct profile_kind *kind, bool has_both, struct profile **ret)
{
    struct snapshot snapshot;
    host->modules_refresh();
    int error = freeze_buckets(host->state, kind->bucket, host->modules_each, &snapshot);
    losses_read(host->state, &snapshot.losses);
    snapshot.period = kind->bucket == BUCKET_HEAP ? host->options->heap_interval : 1;
    snapshot.time_ns = clock_real_ns();
    snapshot.duration_ns = clock_mono_ns() - start_mono_ns;
    if (!error)
        error = profile_build(kind, &snapshot, has_both, ret);
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

uint64_t profiles_count(const struct profile_kind *kind)
{
    uint64_t count = 0;
    buckets_each(host->state->buckets, kind->bucket, count_used, &count);
    return count;
}

void profiles_after_fork_child(void)
{
    start_mono_ns = clock_mono_ns();
    for (int kind = BUCKET_NONE + 1; kind < BUCKET_KINDS; kind++) {
        if (kind != BUCKET_HEAP)
            buckets_forget(host->state->buckets, (enum bucket_kind)kind);
    }
}
