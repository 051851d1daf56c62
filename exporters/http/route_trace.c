/* A trace: the provider is asked for, then a helper records and converts, and what it wrote is the reply. */
#include "exporters/helper_answer.h"
#include "exporters/http/errand.h"
#include "exporters/http/patience.h"
#include "exporters/http/reply.h"
#include "exporters/http/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACE_BYTES_MAX ((size_t)64 << 20)
#define TRACE_MS_MAX INT64_C(86400000)
#define ASK_PAUSE_US 20000
#define ASK_TRIES 150      /* 3 s: by then some thread of a program that does anything has called */
#define CONVERT_SECONDS 60 /* for the helper, beyond the time that it records */

struct trace_format {
    const char *name;
    const struct http_header *headers;
};

/* One running request: asking for the provider until the helper is started, which records. */
struct job {
    struct http_connection *connection;
    struct event *timer; /* to ask again; then the deadline */
    struct errand errand;
    bool is_recording;
    const struct trace_format *format; /* NULL: nothing is recorded, only the provider asked for */
    int64_t milliseconds;
    int tries;
};

static const struct http_header gotrace_headers[] = {
    HEADER_NOSNIFF,
    {"Content-Type", "application/octet-stream"},
    {"Content-Disposition", "attachment; filename=\"trace\""},
    HEADERS_END};
static const struct http_header chrome_headers[] = {
    HEADER_NOSNIFF,
    {"Content-Type", "application/json"},
    {"Content-Disposition", "attachment; filename=\"trace.json\""},
    HEADERS_END};
static const struct http_header perfetto_headers[] = {
    HEADER_NOSNIFF,
    {"Content-Type", "application/octet-stream"},
    {"Content-Disposition", "attachment; filename=\"trace.pftrace\""},
    HEADERS_END};
static const struct http_header ctf_headers[] = {
    HEADER_NOSNIFF,
    {"Content-Type", "application/x-tar"},
    {"Content-Disposition", "attachment; filename=\"trace.tar\""},
    HEADERS_END};
static const struct http_header html_headers[] = {HEADER_NOSNIFF, HEADER_HTML, HEADERS_END};
static const struct trace_format trace_formats[] = {
    {"gotrace", gotrace_headers}, {"chrome", chrome_headers}, {"perfetto", perfetto_headers},
    {"ctf", ctf_headers},         {"html", html_headers},     {NULL, NULL}};

/* Ends the job. A helper that is at work sees that nobody listens, and cleans up after itself. */
static void job_free(struct job *job)
{
    job->connection->server->is_tracing = false;
    errand_end(&job->errand, false);
    event_free(job->timer);
    free(job);
}

static void on_gone(void *context)
{
    job_free(context);
}

static void fail(struct job *job, const char *why)
{
    char text[256];
    snprintf(text, sizeof(text), "Could not enable tracing: %s", why);
    http_reply_error(job->connection, 500, text);
    job_free(job);
}

/* What it wrote: its answer, then the trace. */
static void on_done(void *context, int error)
{
    struct job *job = context;
    const struct bytes *output = &job->errand.output;
    char why[HELPER_WHY_BYTES];
    size_t head = 0;
    if (error == -EFBIG)
        snprintf(why, sizeof(why),
                 "the trace is larger than 64 MB; ask for fewer seconds, or use `preflame record`");
    else if (error)
        snprintf(why, sizeof(why), "%s", strerrordesc_np(-error));
    else
        error = helper_answer(bytes_text(output), &head, why);
    if (error) {
        fail(job, why);
        return;
    }
    http_reply(job->connection, 200, job->format->headers, output->data + head, output->len - head);
    job_free(job);
}

static int start_helper(struct job *job)
{
    char pid[32], milliseconds[40], format[32];
    snprintf(pid, sizeof(pid), "--pid=%d", (int)getpid());
    snprintf(milliseconds, sizeof(milliseconds), "--milliseconds=%lld", (long long)job->milliseconds);
    snprintf(format, sizeof(format), "--format=%s", job->format->name);
    const char *const argv[] = {
        job->connection->server->source->helper_argv[0], "trace", pid, milliseconds, format, NULL};
    int error = errand_start(&job->errand, argv, 0, "", 0, on_done, job);
    job->is_recording = !error;
    return error;
}

static void again(struct job *job, int64_t microseconds)
{
    struct timeval pause = {.tv_sec = (time_t)(microseconds / 1000000),
                            .tv_usec = (suseconds_t)(microseconds % 1000000)};
    event_add(job->timer, &pause);
}

/* Whoever asked may record now, and is told whom. */
static void answer_ready(struct job *job)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    http_reply(job->connection, 200, http_text_headers, text, (size_t)len);
    job_free(job);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct job *job = context;
    const struct http_source *source = job->connection->server->source;
    if (job->is_recording) {
        fail(job, "the recorder did not come to an end");
        return;
    }
    int error = source->trace_ask(source->context);
    if (error == -EINPROGRESS && ++job->tries < ASK_TRIES) {
        again(job, ASK_PAUSE_US);
        return;
    }
    if (!error && !job->format) {
        answer_ready(job);
        return;
    }
    if (!error)
        error = start_helper(job);
    if (!error)
        again(job, (job->milliseconds + CONVERT_SECONDS * 1000) * 1000);
    else if (error == -EINPROGRESS)
        fail(job,
             "no thread of the program has waited for anything in 3 s; set PREFLAME_TRACE=1 at its start");
    else
        fail(job, error == -ENOENT ? "no LTTng-UST here (Debian: liblttng-ust1)" : strerrordesc_np(-error));
}

/* As Go reads them: a decimal number, 1 unless it is one above 0. No exponents. */
static int64_t wanted_milliseconds(const struct http_request *request)
{
    char text[32];
    int64_t ms = 0, unit = 1000;
    const char *at = text;
    if (!http_form_value(request, "seconds", text, sizeof(text)))
        return 1000;
    for (; *at >= '0' && *at <= '9' && ms < TRACE_MS_MAX; at++)
        ms = ms * 10 + (*at - '0') * unit;
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++)
            ms += (*at - '0') * (unit /= 10);
    if (ms >= TRACE_MS_MAX)
        return TRACE_MS_MAX;
    return *at || ms <= 0 ? 1000 : ms;
}

static const struct trace_format *wanted_format(const struct http_request *request)
{
    char text[32];
    if (!http_form_value(request, "format", text, sizeof(text)))
        return trace_formats;
    for (const struct trace_format *format = trace_formats; format->name; format++)
        if (strcmp(format->name, text) == 0)
            return format;
    return NULL;
}

static void refuse_format(struct http_connection *c)
{
    char text[128] = "unknown format; give one of:";
    size_t len = strlen(text);
    for (const struct trace_format *format = trace_formats; format->name && len < sizeof(text); format++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, " %s", format->name);
    http_reply_error(c, 400, text);
}

static void start(struct http_connection *c, const struct trace_format *format)
{
    struct http_server *server = c->server;
    if (!patience_has_place(c))
        return;
    const char *why = server->is_tracing ? "runtime error: tracing is already enabled" : NULL;
    if (!why && (!server->source->trace_ask || !server->source->helper_argv))
        why = "the command `preflame` is not beside the library";
    struct job *job = why ? NULL : calloc(1, sizeof(*job));
    if (job)
        job->timer = evtimer_new(server->base, on_timer, job);
    if (!job || !job->timer) {
        char text[128];
        snprintf(text, sizeof(text), "Could not enable tracing: %s", why ? why : "out of memory");
        http_reply_error(c, 500, text);
        free(job);
        return;
    }
    job->connection = c;
    job->format = format;
    job->milliseconds = wanted_milliseconds(&c->request);
    errand_init(&job->errand, server, TRACE_BYTES_MAX);
    server->is_tracing = true;
    connection_wait(c, on_gone, job);
    again(job, 0);
}

void route_trace(struct http_connection *c)
{
    const struct trace_format *format = wanted_format(&c->request);
    if (format)
        start(c, format);
    else
        refuse_format(c);
}

/* For `preflame record TARGET`, which records by itself. */
void route_tracer(struct http_connection *c)
{
    start(c, NULL);
}
