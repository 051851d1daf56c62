/* What flight recorders keep of the process: a helper has them write it, and tells where. */
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

#define ANSWER_BYTES_MAX ((size_t)1 << 20)
#define DUMP_SECONDS 60 /* for the helper; its own limits are shorter */

/* One running request: until its helper has ended. */
struct job {
    struct http_connection *connection;
    struct event *deadline;
    struct errand errand;
};

static void job_free(struct job *job)
{
    errand_end(&job->errand, false);
    if (job->deadline)
        event_free(job->deadline);
    free(job);
}

static void on_gone(void *context)
{
    job_free(context);
}

static void fail(struct job *job, int status, const char *why)
{
    char text[HELPER_WHY_BYTES + 32];
    snprintf(text, sizeof(text), "Could not dump: %s", why);
    http_reply_error(job->connection, status, text);
    job_free(job);
}

static void on_done(void *context, int error)
{
    struct job *job = context;
    char why[HELPER_WHY_BYTES];
    size_t head = 0;
    const char *text = bytes_text(&job->errand.output);
    if (error)
        snprintf(why, sizeof(why), "%s", strerrordesc_np(-error));
    else
        error = helper_answer(text, &head, why);
    if (error) {
        fail(job, error == -ENOENT ? 409 : 500, why);
        return;
    }
    http_reply(job->connection, 200, http_text_headers, text + head, job->errand.output.len - head);
    job_free(job);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    fail(context, 500, "it did not come to an end");
}

static int start_helper(struct job *job, const char *command)
{
    static const struct timeval limit = {.tv_sec = DUMP_SECONDS};
    char pid[32];
    snprintf(pid, sizeof(pid), "--pid=%d", (int)getpid());
    const char *const argv[] = {command, "trace", pid, "--dump", NULL};
    job->deadline = evtimer_new(job->connection->server->base, on_deadline, job);
    if (!job->deadline || event_add(job->deadline, &limit))
        return -ENOMEM;
    return errand_start(&job->errand, argv, 0, "", 0, on_done, job);
}

static void start(struct http_connection *c)
{
    const struct http_source *source = c->server->source;
    struct job *job = calloc(1, sizeof(*job));
    if (!job) {
        http_reply_error(c, 500, "Could not dump: out of memory");
        return;
    }
    job->connection = c;
    errand_init(&job->errand, c->server, ANSWER_BYTES_MAX);
    connection_wait(c, on_gone, job);
    int error = source->helper_argv ? start_helper(job, source->helper_argv[0]) : -ENOENT;
    if (error)
        fail(job, 500,
             source->helper_argv ? strerrordesc_np(-error)
                                 : "the command `preflame` is not beside the library");
}

void route_dump(struct http_connection *c)
{
    static const struct http_header allowed[] = {{"Allow", "POST"}, HEADER_NOSNIFF, HEADER_TEXT, HEADERS_END};
    static const char text[] = "Method Not Allowed: ask by POST\n";
    if (strcmp(c->request.method, "POST") != 0)
        http_reply(c, 405, allowed, text, sizeof(text) - 1);
    else if (patience_has_place(c))
        start(c);
}
