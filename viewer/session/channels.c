/* Which event goes to which channel, and how large the buffers are. */
#include "viewer/session/channels.h"

#include <lttng/lttng.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#define KIB UINT64_C(1024)
#define MAX_EVENTS 12
#define MIN_SUBBUF_SIZE (64 * KIB)

/* State, stacks and modules never share a buffer with events that come by the million: a flood costs samples,
 * not the names that all the others need. */
static const struct channel_plan {
    const char *name;
    uint64_t subbuf_size; /* bytes, a power of two, for each CPU */
    uint64_t num_subbuf;
    const char *events[MAX_EVENTS];
    unsigned kept_share; /* of what is kept of the last events, in eighths; 0: keeps the first ones */
} channel_plans[] = {
    {"state",
     512 * KIB,
     4,
     {"process", "module", "stack", "thread_create", "thread_start", "thread_exit", "thread_name",
      "thread_detach", "thread_status", "loss"},
     0},
    {"core",
     1024 * KIB,
     8,
     {"block", "unblock", "wake", "syscall", "task_begin", "task_end", "region_begin", "region_end", "log",
      "counter"},
     7},
    {"hot", 512 * KIB, 4, {"sample"}, 1},
};

/* The largest power of two with which a channel's sub-buffers hold no more than its share of `kept`. */
static uint64_t subbuf_size(const struct channel_plan *plan, const struct session_kept *kept)
{
    if (!kept->bytes || !plan->kept_share)
        return plan->subbuf_size;
    uint64_t most = kept->bytes / 8 * plan->kept_share / plan->num_subbuf / (uint64_t)get_nprocs_conf();
    uint64_t size = MIN_SUBBUF_SIZE;
    while (size * 2 <= most)
        size *= 2;
    return size;
}

/* By how much buffers are divided so that all of them fill at most half of /dev/shm (containers give it 64
 * MiB). */
static uint64_t shrink_factor(const struct session_kept *kept)
{
    struct statvfs shm;
    uint64_t wanted = 0;
    for (size_t i = 0; i < sizeof(channel_plans) / sizeof(channel_plans[0]); i++)
        wanted +=
            subbuf_size(&channel_plans[i], kept) * channel_plans[i].num_subbuf * (uint64_t)get_nprocs_conf();
    uint64_t factor = 1;
    if (statvfs("/dev/shm", &shm) == 0)
        while (wanted / factor > shm.f_bavail * shm.f_frsize / 2 && factor < 64)
            factor *= 2;
    return factor;
}

static int enable_events(struct lttng_handle *handle, const struct channel_plan *plan)
{
    int error = 0;
    for (size_t i = 0; i < MAX_EVENTS && plan->events[i] && error == 0; i++) {
        struct lttng_event *event = lttng_event_create();
        if (!event)
            return -LTTNG_ERR_NOMEM;
        event->type = LTTNG_EVENT_TRACEPOINT;
        event->loglevel_type = LTTNG_EVENT_LOGLEVEL_ALL;
        snprintf(event->name, sizeof(event->name), "preflame:%s", plan->events[i]);
        error = lttng_enable_event(handle, event, plan->name);
        lttng_event_destroy(event);
    }
    return error;
}

static int add_contexts(struct lttng_handle *handle, const char *channel)
{
    static const enum lttng_event_context_type types[] = {LTTNG_EVENT_CONTEXT_VPID, LTTNG_EVENT_CONTEXT_VTID};
    int error = 0;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && error == 0; i++) {
        struct lttng_event_context context = {.ctx = types[i]};
        error = lttng_add_context(handle, &context, NULL, channel);
    }
    return error;
}

/* A quiet program fills no sub-buffer in all the time: they are ended by the clock, so that those which are
 * complete hold what is to be kept and not much more. */
static unsigned switch_us(const struct channel_plan *plan, const struct session_kept *kept)
{
    if (!kept->bytes || !plan->kept_share)
        return 0;
    return (unsigned)(kept->seconds * UINT64_C(1000000) / (plan->num_subbuf - 1));
}

int64_t channels_kept_ns(const struct lttng_channel_attr *attr)
{
    return attr->overwrite > 0 ? (int64_t)attr->switch_timer_interval * (int64_t)(attr->num_subbuf - 1) * 1000
                               : 0;
}

bool channels_keep_last(const char *stream_file)
{
    for (size_t i = 0; i < sizeof(channel_plans) / sizeof(channel_plans[0]); i++) {
        size_t len = strlen(channel_plans[i].name);
        if (channel_plans[i].kept_share && strncmp(stream_file, channel_plans[i].name, len) == 0 &&
            stream_file[len] == '_')
            return true;
    }
    return false;
}

static int create_channel(struct lttng_handle *handle, const struct channel_plan *plan,
                          const struct session_kept *kept, uint64_t factor)
{
    struct lttng_channel *channel = lttng_channel_create(&handle->domain);
    if (!channel)
        return -LTTNG_ERR_NOMEM;
    uint64_t size = subbuf_size(plan, kept) / factor;
    snprintf(channel->name, sizeof(channel->name), "%s", plan->name);
    channel->attr.overwrite = kept->bytes && plan->kept_share;
    channel->attr.subbuf_size = size < MIN_SUBBUF_SIZE ? MIN_SUBBUF_SIZE : size;
    channel->attr.num_subbuf = plan->num_subbuf;
    channel->attr.switch_timer_interval = switch_us(plan, kept);
    int error = lttng_enable_channel(handle, channel);
    lttng_channel_destroy(channel);
    if (error == 0)
        error = add_contexts(handle, plan->name);
    return error ? error : enable_events(handle, plan);
}

int channels_create(struct lttng_handle *handle, const struct session_kept *kept)
{
    uint64_t factor = shrink_factor(kept);
    int error = 0;
    for (size_t i = 0; i < sizeof(channel_plans) / sizeof(channel_plans[0]) && error == 0; i++)
        error = create_channel(handle, &channel_plans[i], kept, factor);
    return error;
}
