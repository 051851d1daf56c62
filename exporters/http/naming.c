/* A raw profile goes to the helper's input, what it writes is checked and handed on. */
#include "exporters/http/naming.h"

#include "base/clock.h"
#include "exporters/helper.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#define HELPER_NICE 5

struct naming {
    const struct http_server *server;
    struct profile *profile;
    struct helper helper;
    struct event *readable; /* set while a helper is at work */
    struct event *deadline;
    struct bytes output;
    named_fn done;
    void *context;
};

static void reap_later(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval pause = {.tv_usec = 200000};
    (void)fd, (void)what;
    if (helper_reap())
        event_base_once(context, -1, EV_TIMEOUT, reap_later, context, &pause);
}

void naming_leave_helper(const struct http_server *server, struct helper *helper)
{
    helper_close(helper);
    reap_later(-1, 0, server->base);
}

static void leave_helper(struct naming *naming)
{
    naming_leave_helper(naming->server, &naming->helper);
}

static void stop_helper(struct naming *naming)
{
    if (!naming->readable)
        return;
    event_free(naming->readable);
    naming->readable = NULL;
    helper_kill(&naming->helper);
    leave_helper(naming);
}

void naming_cancel(struct naming *naming)
{
    if (!naming)
        return;
    stop_helper(naming);
    if (naming->deadline)
        event_free(naming->deadline);
    profile_free(naming->profile);
    bytes_clear(&naming->output);
    free(naming);
}

/* Takes the job apart first: `done` may free what it belongs to. */
static void finish(struct naming *naming, struct bytes *body, int error)
{
    named_fn done = naming->done;
    void *context = naming->context;
    struct bytes own = *body;
    bytes_init(body, 0);
    naming_cancel(naming);
    done(context, error ? NULL : &own, error);
    bytes_clear(&own);
}

/* Names from the ELF tables in the process are better than none. */
static void finish_here(struct naming *naming)
{
    const struct http_source *source = naming->server->source;
    stop_helper(naming);
    if (source->finish_locally)
        source->finish_locally(source->context, naming->profile);
    struct bytes body;
    bytes_init(&body, PROFILE_BYTES_MAX);
    int error = profile_encode_gzip(naming->profile, &body);
    finish(naming, &body, error);
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
    struct naming *naming = context;
    int got = helper_read(&naming->helper, &naming->output);
    if (got == 1 || got == -EAGAIN)
        return;
    if (got < 0 || !is_good_output(&naming->output)) {
        finish_here(naming);
        return;
    }
    /* It has said all, but may still be saving its cache: let it live. */
    event_free(naming->readable);
    naming->readable = NULL;
    leave_helper(naming);
    finish(naming, &naming->output, 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    finish_here(context);
}

static int start_helper(struct naming *naming)
{
    const struct http_server *server = naming->server;
    const struct helper_command command = {
        .argv = server->source->helper_argv, .env = server->helper_env, .nice_add = HELPER_NICE};
    struct bytes raw;
    bytes_init(&raw, PROFILE_BYTES_MAX);
    int error = profile_encode(naming->profile, &raw);
    int input_fd = error ? error : helper_input(raw.data, raw.len);
    bytes_clear(&raw);
    if (input_fd < 0)
        return input_fd;
    error = helper_start(&command, input_fd, &naming->helper);
    close(input_fd);
    if (error)
        return error;
    naming->readable =
        event_new(server->base, naming->helper.output_fd, EV_READ | EV_PERSIST, on_output, naming);
    if (naming->readable && !event_add(naming->readable, NULL))
        return 0;
    helper_kill(&naming->helper);
    leave_helper(naming);
    if (naming->readable)
        event_free(naming->readable);
    naming->readable = NULL;
    return -ENOMEM;
}

struct naming *naming_start(const struct http_server *server, struct profile *profile, named_fn done,
                            void *context)
{
    struct naming *naming = calloc(1, sizeof(*naming));
    if (!naming) {
        profile_free(profile);
        done(context, NULL, -ENOMEM);
        return NULL;
    }
    *naming = (struct naming){.server = server,
                              .profile = profile,
                              .helper = {.pidfd = -1, .output_fd = -1},
                              .done = done,
                              .context = context};
    bytes_init(&naming->output, PROFILE_BYTES_MAX);
    struct timeval limit = {.tv_sec = (time_t)(server->helper_timeout_ns / NS_PER_S),
                            .tv_usec = (suseconds_t)(server->helper_timeout_ns % NS_PER_S / 1000)};
    naming->deadline = evtimer_new(server->base, on_deadline, naming);
    if (naming->deadline && !event_add(naming->deadline, &limit) && server->source->helper_argv &&
        !start_helper(naming))
        return naming;
    finish_here(naming);
    return NULL;
}
