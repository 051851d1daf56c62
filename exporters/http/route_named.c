/* The profiles that are counted all the time: as they are now, or what is new after ?seconds=. In Go's order
 * of checks and with its texts (net/http/pprof). */
#include "exporters/http/naming.h"
#include "exporters/http/patience.h"
#include "exporters/http/reply.h"
#include "exporters/http/routes.h"

#include "base/clock.h"
#include "exporters/debug_text.h"
#include "exporters/threads_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define DELTA_SECONDS_MAX ((int64_t)366 * 24 * 3600) /* beyond, libevent's epoll timer would wrap */

/* One running request: waiting for the end of the delta, then being named. */
struct job {
    struct http_connection *connection;
    const struct profile_kind *kind;
    bool is_delta, is_text, has_both;
    bool is_dump;           /* the threads, one by one */
    struct profile *before; /* of a delta */
    struct event *timer;
    struct naming *naming;
};

static void job_free(struct job *job)
{
    if (job->timer)
        event_free(job->timer);
    naming_cancel(job->naming);
    profile_free(job->before);
    free(job);
}

static void on_gone(void *context)
{
    job_free(context);
}

static void fail(struct job *job, const char *text)
{
    http_reply_error(job->connection, 500, text);
    job_free(job);
}

static uint64_t function_start(void *context, uint64_t pc)
{
    const struct http_source *source = context;
    char name[256];
    return source->symbol(source->context, pc, name, sizeof(name));
}

static void reply_text(struct job *job, const struct bytes *body)
{
    const struct http_source *source = job->connection->server->source;
    struct profile *profile CLEANUP(profile_freep) = NULL;
    struct bytes text CLEANUP(bytes_clear);
    bytes_init(&text, TEXT_BYTES_MAX);
    int error = profile_decode(body->data, body->len, PROFILE_BYTES_MAX, &profile, NULL);
    if (!error && job->is_dump)
        error = threads_text(profile, function_start, (void *)(uintptr_t)source, &text);
    else if (!error)
        error = debug_text(job->kind, profile, function_start, (void *)(uintptr_t)source, &text);
    if (error)
        http_reply_error(job->connection, 500, "failed to collect profile");
    else
        http_reply(job->connection, 200, http_text_headers, text.data, text.len);
}

static void reply_file(struct job *job, const struct bytes *body)
{
    char disposition[128];
    snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s%s\"", job->kind->name,
             job->is_delta ? "-delta" : "");
    const struct http_header headers[] = {HEADER_NOSNIFF,
                                          {"Content-Type", "application/octet-stream"},
                                          {"Content-Disposition", disposition},
                                          HEADERS_END};
    http_reply(job->connection, 200, headers, body->data, body->len);
}

static void on_named(void *context, const struct bytes *body, int error)
{
    struct job *job = context;
    job->naming = NULL;
    if (error || !body)
        http_reply_error(job->connection, 500, "failed to collect profile");
    else if (job->is_text)
        reply_text(job, body);
    else
        reply_file(job, body);
    job_free(job);
}

static void name_and_reply(struct job *job, struct profile *profile)
{
    struct naming *naming = naming_start(job->connection->server, profile, on_named, job);
    if (naming) /* otherwise the job is over and gone */
        job->naming = naming;
}

static int take(struct job *job, struct profile **ret)
{
    const struct http_source *source = job->connection->server->source;
    const struct profile_kind *kind = job->is_dump ? &profile_kind_threads : job->kind;
    int error = source->take(source->context, kind, job->has_both, ret);
    return error ? error : *ret ? 0 : -EIO;
}

static void on_delta_end(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct job *job = context;
    struct profile *after = NULL;
    if (take(job, &after)) {
        fail(job, "failed to collect profile");
        return;
    }
    int64_t duration_ns = after->time_ns - job->before->time_ns;
    if (profile_merge(after, job->before, -1)) {
        profile_free(after);
        fail(job, "failed to compute delta");
        return;
    }
    after->duration_ns = duration_ns;
    name_and_reply(job, after);
}

static void start_delta(struct job *job, int64_t seconds)
{
    struct timeval wait = {.tv_sec = (time_t)(seconds < DELTA_SECONDS_MAX ? seconds : DELTA_SECONDS_MAX)};
    job->is_delta = true;
    job->timer = evtimer_new(job->connection->server->base, on_delta_end, job);
    if (!job->timer || take(job, &job->before)) {
        fail(job, "failed to collect profile");
        return;
    }
    event_add(job->timer, &wait);
}

/* As Go's strconv.Atoi with its error dropped: 0 for what is no number. */
static int64_t number_of(const struct http_request *request, const char *name)
{
    char text[64];
    int64_t number = 0;
    if (!http_form_value(request, name, text, sizeof(text)))
        return 0;
    int error = http_parse_int(text, &number);
    return error == -ERANGE ? INT64_MAX : error ? 0 : number;
}

/* Replies and returns false, or fills *ret_seconds (0: no delta is asked for). */
static bool check(struct http_connection *c, const struct profile_kind *kind, int64_t *ret_seconds)
{
    char text[64];
    *ret_seconds = 0;
    if (!http_form_value(&c->request, "seconds", text, sizeof(text)) || !text[0])
        return true;
    if (http_parse_int(text, ret_seconds) || *ret_seconds <= 0)
        http_reply_error(c, 400, "invalid value for \"seconds\" - must be a positive integer");
    else if (!kind->has_delta)
        http_reply_error(c, 400, "\"seconds\" parameter is not supported for this profile type");
    else if (number_of(&c->request, "debug"))
        http_reply_error(c, 400, "seconds and debug params are incompatible");
    else
        return true;
    return false;
}

void route_named(struct http_connection *c, const struct profile_kind *kind)
{
    int64_t seconds;
    if (!check(c, kind, &seconds) || !patience_has_place(c))
        return;
    struct job *job = calloc(1, sizeof(*job));
    if (!job) {
        http_reply_error(c, 500, "failed to collect profile");
        return;
    }
    char view[16];
    bool has_both = http_form_value(&c->request, "view", view, sizeof(view)) && strcmp(view, "both") == 0;
    *job = (struct job){.connection = c,
                        .kind = kind,
                        .has_both = has_both,
                        .is_text = !seconds && number_of(&c->request, "debug"),
                        .is_dump = !seconds && number_of(&c->request, "debug") >= 2 &&
                                   profile_kind_is_threads(kind)};
    connection_wait(c, on_gone, job);
    struct profile *profile = NULL;
    if (seconds)
        start_delta(job, seconds);
    else if (take(job, &profile))
        fail(job, "failed to collect profile");
    else
        name_and_reply(job, profile);
}
