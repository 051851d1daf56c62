/* A CPU profile, from the request over the sampling to the reply, as a file or as a page; and the same with
 * the time that threads waited meanwhile. */
#include "exporters/http/errand.h"
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
#define PAGE_BYTES_MAX ((size_t)64 << 20)
#define PAGE_SECONDS 60 /* for the helper that makes it */

/* One running request: sampling until `timer`, then being named, then made a page where one is wanted. */
struct job {
    struct http_connection *connection;
    struct event *timer; /* the end of sampling; then the page's deadline */
    bool is_sampling, is_page;
    struct errand page;
    const struct profile_kind *kind;
    struct profile *waits; /* of wall: all there had been before */
    struct naming *naming;
};

static void job_free(struct job *job)
{
    if (job->timer)
        event_free(job->timer);
    naming_cancel(job->naming);
    errand_end(&job->page, true);
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

static void fail(struct job *job)
{
    http_reply_error(job->connection, 500, "failed to collect profile");
    job_free(job);
}

static void on_page(void *context, int error)
{
    static const struct http_header headers[] = {HEADER_NOSNIFF, HEADER_HTML, HEADERS_END};
    struct job *job = context;
    const struct bytes *page = &job->page.output;
    if (error || !page->len) {
        fail(job);
        return;
    }
    http_reply(job->connection, 200, headers, page->data, page->len);
    job_free(job);
}

/* The command beside the library makes the page of the profile. */
static void start_page(struct job *job, const struct bytes *profile)
{
    const struct http_source *source = job->connection->server->source;
    struct timeval limit = {.tv_sec = PAGE_SECONDS};
    const char *const argv[] = {
        source->helper_argv[0], "view", "--format=html", "--title", job->kind->name, "-", NULL};
    if (errand_start(&job->page, argv, 0, profile->data, profile->len, on_page, job))
        fail(job);
    else
        event_add(job->timer, &limit);
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
    job->naming = NULL;
    if (error || !body) {
        fail(job);
    } else if (job->is_page) {
        start_page(job, body);
    } else {
        http_reply(job->connection, 200, headers, body->data, body->len);
        job_free(job);
    }
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
    if (!job->is_sampling) {
        fail(job); /* the page took too long */
        return;
    }
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
    if (naming) /* otherwise it has been named, and the job may be gone */
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
    errand_init(&job->page, c->server, PAGE_BYTES_MAX);
    job->timer = evtimer_new(c->server->base, on_sampled, job);
    if (job->timer)
        return job;
    job_free(job);
    return NULL;
}

static void start(struct http_connection *c, const struct profile_kind *kind, bool is_page)
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
    job->is_page = is_page;
    job->is_sampling = true;
    connection_wait(c, on_gone, job);
    event_add(job->timer, &seconds);
}

void route_profile(struct http_connection *c)
{
    start(c, &profile_kind_cpu, false);
}

/* fgprof's URL and parameters (github.com/felixge/fgprof). */
void route_wall(struct http_connection *c)
{
    start(c, &profile_kind_wall, false);
}

void route_flame(struct http_connection *c)
{
    char type[32];
    bool is_given = http_form_value(&c->request, "type", type, sizeof(type));
    bool is_wall = strcmp(type, "wall") == 0;
    if (is_given && !is_wall && strcmp(type, "cpu") != 0)
        http_reply_error(c, 400, "unknown type; give cpu or wall");
    else if (!c->server->source->helper_argv)
        http_reply_error(c, 500, "the command `preflame` is not beside the library");
    else
        start(c, is_wall ? &profile_kind_wall : &profile_kind_cpu, true);
}
