/* The loop reads what the helper writes; nobody waits for the process, which is reaped when it has ended. */
#include "exporters/http/errand.h"

#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

void errand_init(struct errand *errand, const struct http_server *server, size_t max_bytes)
{
    *errand = (struct errand){.server = server, .helper = {.pidfd = -1, .output_fd = -1}};
    bytes_init(&errand->output, max_bytes);
}

static void reap_later(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval pause = {.tv_usec = 200000};
    (void)fd, (void)what;
    if (helper_reap())
        event_base_once(context, -1, EV_TIMEOUT, reap_later, context, &pause);
}

void errand_reap(const struct http_server *server)
{
    reap_later(-1, 0, server->base);
}

static void leave(struct errand *errand, bool kills)
{
    if (errand->readable)
        event_free(errand->readable);
    errand->readable = NULL;
    if (kills)
        helper_kill(&errand->helper);
    helper_close(&errand->helper);
    errand_reap(errand->server);
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct errand *errand = context;
    int got = helper_read(&errand->helper, &errand->output);
    if (got == 1 || got == -EAGAIN)
        return;
    leave(errand, got < 0);
    errand->done(errand->context, got);
}

int errand_start(struct errand *errand, const char *const *argv, int nice_add, const void *input, size_t len,
                 void (*done)(void *context, int error), void *context)
{
    const struct http_server *server = errand->server;
    const struct helper_command command = {.argv = argv, .env = server->helper_env, .nice_add = nice_add};
    int input_fd = helper_input(input, len);
    if (input_fd < 0)
        return input_fd;
    int error = helper_start(&command, input_fd, &errand->helper);
    close(input_fd);
    if (error)
        return error;
    errand->done = done;
    errand->context = context;
    errand->readable =
        event_new(server->base, errand->helper.output_fd, EV_READ | EV_PERSIST, on_output, errand);
    if (errand->readable && !event_add(errand->readable, NULL))
        return 0;
    leave(errand, true);
    return -ENOMEM;
}

void errand_end(struct errand *errand, bool kills)
{
    if (errand->readable)
        leave(errand, kills);
    bytes_clear(&errand->output);
}
