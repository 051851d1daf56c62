/* Profiles to a Pyroscope server, by /ingest or Connect: a bounded queue, sent when the server takes it. */
#ifndef PREFLAME_VIEWER_CLI_PUSH_H
#define PREFLAME_VIEWER_CLI_PUSH_H

#include "base/bytes.h"
#include "exporters/profile/profile.h"
#include "viewer/cli/push_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PUSH_QUEUE_MAX 64

struct push_item {
    struct bytes body; /* owned; as it goes to the server */
    int64_t from_s, until_s;
};

struct push {
    const char *url;                        /* borrowed; the API's path is put behind */
    bool is_connect;                        /* push.v1.PusherService/Push, and not /ingest */
    const char *name;                       /* of the application; borrowed */
    const char *process;                    /* one of several of that name; NULL: the only one; borrowed */
    const char *token;                      /* bearer; NULL: none */
    struct push_item items[PUSH_QUEUE_MAX]; /* oldest first */
    size_t count;
    unsigned failures;  /* in a row */
    bool is_in_trouble; /* the last profile wasn't taken, which has been said */
    int64_t retry_ns;   /* CLOCK_MONOTONIC: not before */
    uint64_t sent, dropped, refused;
    struct push_cuts cuts;
};

/* Queues a profile of kind "cpu" or such, which is made to fit (push_limits.h), as several if need be; when
 * there is no room, drops the oldest and counts it. */
void push_add(struct push *push, const char *kind, struct profile *profile, int64_t from_s, int64_t until_s);
/* Sends what the server takes, unless the last failure is too short ago: after each one twice as long, 1 to
 * 60 seconds, has to pass. What a server will never take (status 400 to 499, but 429) is dropped and counted.
 * The first failure after a success is one line on stderr. */
void push_send(struct push *push);
/* Frees the queue. */
void push_clear(struct push *push);

#endif
