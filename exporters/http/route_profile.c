/* A CPU profile, from the request over the sampling to the reply; and the same with the time that threads
 * waited meanwhile. */
#include "exporters/http/naming.h"
#include "exporters/http/patience.h"
#include "exporters/http/reply.h"
#include "exporters/http/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROFILE_SECONDS_MAX ((int64_t)366 * 24 * 3600) /* beyond, libevent's epoll timer would wrap */
#define HZ_MAX 10000

/* One running request: sampling until `timer`, then being named. */
struct job {
    struct http_connection *connection;
    struct event *timer;
    bool is_sampling;
    const struct profile_kind *kind;
    struct profile *waits; /* of wall: all there had been before */
    struct naming *naming;
};

static void job_free(struct job *job)
{
    if (job->timer)
        event_free(job->timer);
    naming_cancel(job->naming);
    profile_free(job->waits);
    free(job);
}

/* The client left: its profile is nobody's. */
static void on_gone(void *context)
{
    struct job *job = context;
    const struct http_source *source = job->connection->server->source;
    struct profile *unwanted = NULL;
    if (job->is_sampling)
        (void)!source->cpu_stop(source->context, job->kind, &unwanted);
    profile_free(unwanted);
    job_free(job);
}

static void on_named(void *context, const struct bytes *body, int error)
{
    static const struct http_header cpu_headers[] = {
        HEADER_NOSNIFF,
        {"Content-Type", "application/octet-stream"},
        {"Content-Disposition", "attachment; filename=\"profile\""},
        HEADERS_END};
    static const struct http_header wall_headers[] = {
        HEADER_NOSNIFF,
        {"Content-Type", "application/octet-stream"},
        {"Content-Disposition", "attachment; filename=\"fgprof\""},
        HEADERS_END};
    struct job *job = context;
    const struct http_header *headers = job->kind == &profile_kind_wall ? wall_headers : cpu_headers;
    if (error || !body)
        http_reply_error(job->connection, 500, "failed to collect profile");
    else
        http_reply(job->connection, 200, headers, body->data, body->len);
    job->naming = NULL;
    job_free(job);
}

/* What all threads have waited since the job began. */
static int add_waits(struct job *job, struct profile *profile)
{
    const struct http_source *source = job->connection->server->source;
    struct profile *now CLEANUP(profile_freep) = NULL;
    int64_t time_ns = profile->time_ns, duration_ns = profile->duration_ns;
    int error = source->take(source->context, job->kind, false, &now);
    if (!error)
        error = profile_merge(profile, now, 1);
    if (!error)
        error = profile_merge(profile, job->waits, -1);
    profile->time_ns = time_ns;
    profile->duration_ns = duration_ns;
    return error;
}

static void on_sampled(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct job *job = context;
    const struct http_server *server = job->connection->server;
    struct profile *profile = NULL;
    int error = server->source->cpu_stop(server->source->context, job->kind, &profile);
    job->is_sampling = false;
    if (!error && profile && job->waits)
        error = add_waits(job, profile);
    if (error || !profile) {
        profile_free(profile);
        on_named(job, NULL, error ? error : -EIO);
        return;
    }
    struct naming *naming = naming_start(server, profile, on_named, job);
    if (naming) /* otherwise the job is over and gone */
        job->naming = naming;
}

/* ?hz=N, which Go doesn't have: samples per CPU-second. 0, the default, unless it makes sense. */
static int wanted_hz(const struct http_request *request)
{
    char text[32];
    int64_t hz = 0;
    if (!http_form_value(request, "hz", text, sizeof(text)) || http_parse_int(text, &hz) || hz < 0 ||
        hz > HZ_MAX)
        return 0;
    return (int)hz;
}

static struct job *job_new(struct http_connection *c)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->connection = c;
    job->timer = evtimer_new(c->server->base, on_sampled, job);
    if (job->timer)
        return job;
    job_free(job);
    return NULL;
}

static void start(struct http_connection *c, const struct profile_kind *kind)
{
    const struct http_source *source = c->server->source;
    struct timeval seconds = {.tv_sec = (time_t)http_profile_seconds(&c->request, PROFILE_SECONDS_MAX)};
    if (!patience_has_place(c))
        return;
    struct job *job = job_new(c);
    int error = job ? source->cpu_start(source->context, wanted_hz(&c->request)) : -ENOMEM;
    if (!error && kind == &profile_kind_wall && source->take(source->context, kind, false, &job->waits)) {
        struct profile *unwanted = NULL;
        error = source->cpu_stop(source->context, kind, &unwanted);
        profile_free(unwanted);
        error = error ? error : -ENOMEM;
    }
    if (error) {
        char text[128];
        const char *why = error == -EBUSY ? "cpu profiling already in use" : strerrordesc_np(-error);
        snprintf(text, sizeof(text), "Could not enable CPU profiling: %s", why ? why : "unknown error");
        if (job)
            job_free(job);
        http_reply_error(c, 500, text);
        return;
    }
    job->kind = kind;
    job->is_sampling = true;
    connection_wait(c, on_gone, job);
    event_add(job->timer, &seconds);
}

void route_profile(struct http_connection *c)
{
    start(c, &profile_kind_cpu);
}

/* fgprof's URL and parameters (github.com/felixge/fgprof). */
void route_wall(struct http_connection *c)
{
    start(c, &profile_kind_wall);
}
