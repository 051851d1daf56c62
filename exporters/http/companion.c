/* It is told of the end by a pipe: the kernel closes our end with our thread's descriptor table, however the
 * process goes. */
#include "exporters/http/companion.h"

#include "base/clock.h"
#include "exporters/high_fd.h"
#include "exporters/http/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX ((size_t)64 * 1024)
#define END_MS 1000

/* Says all whole lines, and keeps the rest. */
static void say_lines(struct companion *companion)
{
    const struct http_companion *plan = companion->plan;
    char *text = (char *)companion->output.data;
    size_t len = companion->output.len, from = 0;
    for (size_t at = 0; at < len; at++) {
        if (text[at] != '\n')
            continue;
        text[at] = 0;
        plan->said(plan->context, text + from);
        from = at + 1;
    }
    if (from)
        memmove(text, text + from, len - from);
    companion->output.len = len - from;
}

static void leave(struct http_server *server)
{
    struct companion *companion = &server->companion;
    if (companion->readable)
        event_free(companion->readable);
    companion->readable = NULL;
    if (companion->input_fd >= 0)
        close(companion->input_fd);
    companion->input_fd = -1;
    if (companion->helper.middle) {
        struct pollfd end = {.fd = companion->helper.pidfd, .events = POLLIN};
        if (poll(&end, 1, END_MS) != 1)
            helper_kill(&companion->helper);
    }
    helper_close(&companion->helper);
    bytes_clear(&companion->output);
    errand_reap(server);
    /* Release: whoever sees it gone may exec. */
    atomic_store_explicit(&companion->is_our_child, false, memory_order_release);
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_server *server = context;
    struct companion *companion = &server->companion;
    int got = helper_read(&companion->helper, &companion->output);
    if (got == 1)
        say_lines(companion);
    if (got == 1 || got == -EAGAIN)
        return;
    leave(server);
    companion->plan->said(companion->plan->context, NULL);
}

static int start(struct http_server *server, const struct helper_command *command)
{
    struct companion *companion = &server->companion;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    int theirs = high_fd(ends[0]);
    companion->input_fd = high_fd(ends[1]);
    bytes_init(&companion->output, LINE_BYTES_MAX);
    int error = helper_start(command, theirs, &companion->helper);
    close(theirs);
    if (!error) {
        atomic_store_explicit(&companion->is_our_child, companion->helper.middle != NULL,
                              memory_order_release);
        companion->readable =
            event_new(server->base, companion->helper.output_fd, EV_READ | EV_PERSIST, on_output, server);
        error = companion->readable && !event_add(companion->readable, NULL) ? 0 : -ENOMEM;
    }
    if (error)
        leave(server);
    return error;
}

static void on_begin(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_server *server = context;
    const struct http_companion *plan = server->companion.plan;
    const struct helper_command *command = plan->begin(plan->context);
    int error = command ? start(server, command) : 0;
    if (error) {
        plan->said(plan->context, strerror(-error));
        plan->said(plan->context, NULL);
    }
}

void companion_plan(struct http_server *server)
{
    struct companion *companion = &server->companion;
    if (!companion->plan)
        return;
    const struct timeval after = {.tv_sec = companion->plan->after_ns / NS_PER_S,
                                  .tv_usec = companion->plan->after_ns % NS_PER_S / 1000};
    if (!companion->begin)
        companion->begin = evtimer_new(server->base, on_begin, server);
    if (!companion->begin || event_add(companion->begin, &after))
        companion->plan->said(companion->plan->context, NULL);
}

void companion_end(struct http_server *server)
{
    struct companion *companion = &server->companion;
    if (companion->begin)
        event_free(companion->begin);
    companion->begin = NULL;
    if (companion->input_fd >= 0)
        leave(server);
}
