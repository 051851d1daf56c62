/* A CPU profile, from the request over the sampling and the helper to the reply, without ever holding up the
 * loop. */
#include "exporters/http/reply.h"
#include "exporters/http/routes.h"

#include "base/clock.h"
#include "exporters/helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROFILE_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define PROFILE_SECONDS_MAX ((int64_t)366 * 24 * 3600) /* beyond, libevent's epoll timer would wrap */
#define HZ_MAX 10000
#define HELPER_NICE 5

/* One running request. First `profile` is NULL and sampling is on; then it is set, and a helper may be at
 * work. */
struct job {
    struct http_connection *connection;
    const struct http_source *source;
    struct event *timer; /* end of sampling, then the helper's deadline */
    struct profile *profile;
    struct helper helper;
    struct event *readable; /* set while a helper is at work */
    struct bytes output;
};

static void stop_helper(struct job *job)
{
    if (!job->readable)
        return;
    event_free(job->readable);
    job->readable = NULL;
    helper_kill(&job->helper);
    helper_close(&job->helper);
}

static void job_free(struct job *job)
{
    stop_helper(job);
    if (job->timer)
        event_free(job->timer);
    profile_free(job->profile);
    bytes_clear(&job->output);
    free(job);
}

/* The client left: its profile is nobody's. */
static void on_gone(void *context)
{
    struct job *job = context;
    if (!job->profile)
        (void)!job->source->cpu_stop(job->source->context, &job->profile);
    job_free(job);
}

static void finish(struct job *job, const struct bytes *body, int error)
{
    static const struct http_header headers[] = {HEADER_NOSNIFF,
                                                 {"Content-Type", "application/octet-stream"},
                                                 {"Content-Disposition", "attachment; filename=\"profile\""},
                                                 HEADERS_END};
    if (error || body->error)
        http_reply_error(job->connection, 500, "failed to collect profile");
    else
        http_reply(job->connection, 200, headers, body->data, body->len);
    job_free(job);
}

/* No helper, or a failed one: names from the ELF tables in the process are better than none. */
static void finish_here(struct job *job)
{
    stop_helper(job);
    if (job->source->finish_locally)
        job->source->finish_locally(job->source->context, job->profile);
    struct bytes body;
    bytes_init(&body, PROFILE_BYTES_MAX);
    int error = profile_encode_gzip(job->profile, &body);
    finish(job, &body, error);
    bytes_clear(&body);
}

/* The helper's exit status is unknown to us, so the output proves itself: a whole, valid, compressed profile.
 */
static bool is_good_output(const struct bytes *output)
{
    struct profile *decoded = NULL;
    if (output->len < 2 || output->data[0] != 0x1f || output->data[1] != 0x8b)
        return false;
    if (profile_decode(output->data, output->len, PROFILE_BYTES_MAX, &decoded, NULL))
        return false;
    profile_free(decoded);
    return true;
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct job *job = context;
    int got = helper_read(&job->helper, &job->output);
    if (got == 1 || got == -EAGAIN)
        return;
    if (got < 0 || !is_good_output(&job->output)) {
        finish_here(job);
        return;
    }
    /* It has said all, but may still be saving its cache: let it live. */
    event_free(job->readable);
    job->readable = NULL;
    helper_close(&job->helper);
    finish(job, &job->output, 0);
}

static int start_helper(struct job *job, const struct http_server *server)
{
    const struct helper_command command = {.argv = job->source->helper_argv,
                                           .env = server->helper_env,
                                           .nice_add = HELPER_NICE,
                                           .announce = server->helper_announce};
    struct bytes raw;
    bytes_init(&raw, PROFILE_BYTES_MAX);
    int error = profile_encode(job->profile, &raw);
    int input_fd = error ? error : helper_input(raw.data, raw.len);
    bytes_clear(&raw);
    if (input_fd < 0)
        return input_fd;
    error = helper_start(&command, input_fd, &job->helper);
    close(input_fd);
    if (error)
        return error;
    job->readable = event_new(server->base, job->helper.output_fd, EV_READ | EV_PERSIST, on_output, job);
    if (!job->readable || event_add(job->readable, NULL)) {
        helper_kill(&job->helper);
        helper_close(&job->helper);
        if (job->readable)
            event_free(job->readable);
        job->readable = NULL;
        return -ENOMEM;
    }
    return 0;
}

/* Sampling is over, or the helper has had its time. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct job *job = context;
    const struct http_server *server = job->connection->server;
    if (job->profile) {
        finish_here(job);
        return;
    }
    int error = job->source->cpu_stop(job->source->context, &job->profile);
    if (error || !job->profile) {
        struct bytes none = {.error = error ? error : -EIO};
        finish(job, &none, none.error);
        return;
    }
    struct timeval limit = {.tv_sec = (time_t)(server->helper_timeout_ns / NS_PER_S),
                            .tv_usec = (suseconds_t)(server->helper_timeout_ns % NS_PER_S / 1000)};
    if (!job->source->helper_argv || start_helper(job, server) || event_add(job->timer, &limit))
        finish_here(job);
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
    job->source = c->server->source;
    job->helper = (struct helper){.pidfd = -1, .output_fd = -1};
    bytes_init(&job->output, PROFILE_BYTES_MAX);
    job->timer = evtimer_new(c->server->base, on_timer, job);
    if (job->timer)
        return job;
    job_free(job);
    return NULL;
}

void route_profile(struct http_connection *c)
{
    const struct http_source *source = c->server->source;
    struct timeval seconds = {.tv_sec = (time_t)http_profile_seconds(&c->request, PROFILE_SECONDS_MAX)};
    struct job *job = job_new(c);
    int error = job ? source->cpu_start(source->context, wanted_hz(&c->request)) : -ENOMEM;
    if (error) {
        char text[128];
        const char *why = error == -EBUSY ? "cpu profiling already in use" : strerrordesc_np(-error);
        snprintf(text, sizeof(text), "Could not enable CPU profiling: %s", why ? why : "unknown error");
        if (job)
            job_free(job);
        http_reply_error(c, 500, text);
        return;
    }
    connection_wait(c, on_gone, job);
    event_add(job->timer, &seconds);
}
