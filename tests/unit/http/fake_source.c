/* The fake process. */
#include "fake_source.h"

#include <errno.h>
#include <stdio.h>

struct profile *fake_profile(void)
{
    struct profile *p = profile_new();
    if (!p)
        return NULL;
    profile_add_type(p, "samples", "count");
    profile_add_type(p, "cpu", "nanoseconds");
    p->period_type = (struct profile_type){profile_string(p, "cpu"), profile_string(p, "nanoseconds")};
    p->period = 10000000;
    p->time_ns = 1;
    p->duration_ns = 1000000000;
    uint32_t mapping = profile_add_mapping(p, 0x400000, 0x500000, 0, "/usr/bin/fake", "");
    p->mappings.data[mapping].has_functions = true;
    uint32_t locations[2];
    const char *const names[2] = {"fake_work", "main"};
    for (uint32_t i = 0; i < 2; i++) {
        struct profile_line line = {profile_add_function(p, names[i], names[i], "fake.c", 1), 1};
        locations[i] = profile_add_location(p, mapping, 0x400100 + i * 0x100, &line, 1);
    }
    const int64_t values[2] = {7, 70000000};
    profile_add_sample(p, locations, 2, NULL, 0, values);
    return p;
}

static int fake_start(void *context, int hz)
{
    struct fake_source *fake = context;
    if (atomic_load(&fake->starts) > atomic_load(&fake->stops))
        return -EBUSY;
    atomic_store(&fake->hz, hz);
    atomic_fetch_add(&fake->starts, 1);
    return 0;
}

static int fake_stop(void *context, const struct profile_kind *kind, struct profile **ret)
{
    (void)kind;
    struct fake_source *fake = context;
    atomic_fetch_add(&fake->stops, 1);
    *ret = fake_profile();
    return *ret ? 0 : -ENOMEM;
}

static int fake_take(void *context, const struct profile_kind *kind, bool has_both, struct profile **ret)
{
    struct fake_source *fake = context;
    (void)kind, (void)has_both;
    *ret = fake_profile();
    atomic_fetch_add(&fake->takes, 1);
    return *ret ? 0 : -ENOMEM;
}

static uint64_t fake_count(void *context, const struct profile_kind *kind)
{
    (void)context, (void)kind;
    return 1;
}

static uint64_t fake_symbol(void *context, uint64_t pc, char *name, size_t size)
{
    (void)context;
    snprintf(name, size, "%s", pc == 0x1234 ? "fake_work" : "");
    return pc & ~UINT64_C(0xfff);
}

static void fake_self(void *context, struct bytes *out)
{
    struct fake_source *fake = context;
    bytes_printf(out, "%*s", (int)fake->self_bytes, "");
    bytes_printf(out, "starts %d\nstops %d\n", atomic_load(&fake->starts), atomic_load(&fake->stops));
}

static void fake_finish(void *context, struct profile *p)
{
    struct fake_source *fake = context;
    profile_add_comment(p, "finished locally");
    atomic_fetch_add(&fake->local_finishes, 1);
}

void fake_source_init(struct fake_source *fake)
{
    *fake = (struct fake_source){.source = {.context = fake,
                                            .cpu_start = fake_start,
                                            .cpu_stop = fake_stop,
                                            .take = fake_take,
                                            .count = fake_count,
                                            .symbol = fake_symbol,
                                            .self = fake_self,
                                            .metrics = fake_self,
                                            .finish_locally = fake_finish}};
}
