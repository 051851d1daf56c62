/* A timer looks at all clients: what evhttp's own timeouts see is only silence. */
#include "exporters/http/patience.h"

#include "base/clock.h"
#include "exporters/http/reply.h"

#include <errno.h>
#include <event2/bufferevent.h>

/* As evhttp ends a client whose time is over; it may be freed by this. */
static void end(struct http_connection *c)
{
    bufferevent_trigger_event(c->stream, BEV_EVENT_TIMEOUT | BEV_EVENT_READING, 0);
}

static bool is_over(const struct http_connection *c, int64_t now_ns)
{
    int64_t took_ns = now_ns - c->since_ns;
    if (connection_is_served(c))
        return !c->on_gone && took_ns > c->server->reply_timeout_ns;
    return c->framing.phase != FRAMING_BETWEEN && took_ns > c->server->request_timeout_ns;
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_server *server = context;
    int64_t now_ns = clock_mono_ns();
    for (struct http_connection *c = server->connections, *next; c; c = next) {
        next = c->next;
        if (is_over(c, now_ns))
            end(c);
    }
    connections_sweep(server);
    patience_begin(server);
}

int patience_new(struct http_server *server)
{
    server->look_event = evtimer_new(server->base, on_look, server);
    return server->look_event ? 0 : -ENOMEM;
}

/* A tenth of the shorter time, so that nobody gets much more than it; not often enough to be felt. */
static struct timeval look_period(const struct http_server *server)
{
    int64_t shorter_ns = server->request_timeout_ns < server->reply_timeout_ns ? server->request_timeout_ns
                                                                               : server->reply_timeout_ns;
    int64_t us = shorter_ns / 10 / 1000;
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

void patience_begin(struct http_server *server)
{
    struct timeval period = look_period(server);
    if (server->connections && !evtimer_pending(server->look_event, NULL))
        event_add(server->look_event, &period);
}

bool patience_make_room(struct http_server *server)
{
    struct http_connection *oldest = NULL;
    for (struct http_connection *c = server->connections; c; c = c->next)
        if (!connection_is_served(c) && (!oldest || c->since_ns < oldest->since_ns))
            oldest = c;
    if (!oldest)
        return false;
    end(oldest);
    connections_sweep(server);
    return true;
}

bool patience_has_place(struct http_connection *c)
{
    size_t served = 0;
    for (const struct http_connection *other = c->server->connections; other; other = other->next)
        served += connection_is_served(other);
    if (served > CONNECTIONS_SERVED_MAX)
        http_reply_error(c, 503, "too many profiles at once; try again later");
    return served <= CONNECTIONS_SERVED_MAX;
}
