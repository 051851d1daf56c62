/* The life of one connection, beside evhttp's own idea of it. */
#include "exporters/http/connection.h"

#include "base/clock.h"
#include "exporters/http/access.h"
#include "exporters/http/endpoints.h"
#include "exporters/http/patience.h"
#include "exporters/http/reply.h"
#include "exporters/http/routes.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>

static const struct timeval idle_limit = {.tv_sec = 60};

static void forget(struct http_connection *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->server->connection_count--;
    if (c->watch)
        evbuffer_remove_cb_entry(bufferevent_get_input(c->stream), c->watch);
    bufferevent_decref(c->stream);
    free(c);
}

/* evhttp does not say that it closed a connection which never made a request. But it takes its callbacks
 * away, and our reference keeps the stream there to be asked. */
bool connection_is_open(const struct http_connection *c)
{
    bufferevent_event_cb event = NULL;
    bufferevent_getcb(c->stream, NULL, NULL, &event, NULL);
    return event;
}

void connections_sweep(struct http_server *server)
{
    for (struct http_connection *c = server->connections, *next; c; c = next) {
        next = c->next;
        if (!connection_is_open(c))
            forget(c);
    }
}

bool connection_is_served(const struct http_connection *c)
{
    return c->pending || evbuffer_get_length(bufferevent_get_output(c->stream));
}

/* Bytes have come, which evhttp has not looked at yet. */
static void on_bytes(struct evbuffer *input, const struct evbuffer_cb_info *info, void *context)
{
    struct http_connection *c = context;
    struct evbuffer_ptr at;
    struct evbuffer_iovec part;
    if (!info->n_added)
        return;
    if (c->framing.phase == FRAMING_BETWEEN && !connection_is_served(c))
        c->since_ns = clock_mono_ns();
    size_t len = evbuffer_get_length(input), from = len - info->n_added;
    while (from < len && evbuffer_ptr_set(input, &at, from, EVBUFFER_PTR_SET) == 0 &&
           evbuffer_peek(input, -1, &at, &part, 1) > 0 && part.iov_len) {
        framing_feed(&c->framing, part.iov_base, part.iov_len);
        from += part.iov_len;
    }
}

/* evhttp has accepted somebody and asks for a stream. */
static struct bufferevent *on_connect(struct event_base *base, void *context)
{
    struct http_server *server = context;
    connections_sweep(server);
    struct http_connection *c = calloc(1, sizeof(*c));
    struct bufferevent *stream = c ? bufferevent_socket_new(base, -1, 0) : NULL;
    if (!stream) {
        free(c);
        return NULL; /* evhttp makes one itself, or closes; its requests find no connection of ours */
    }
    if (server->connection_count + 1 >= CONNECTIONS_MAX && !patience_make_room(server))
        endpoints_pause(server);
    /* evhttp goes on reading during a reply, whatever comes. */
    bufferevent_setwatermark(stream, EV_READ, 0, REQUEST_HEAD_MAX + REQUEST_BODY_MAX);
    bufferevent_incref(stream);
    *c = (struct http_connection){.server = server,
                                  .next = server->connections,
                                  .link = &server->connections,
                                  .stream = stream,
                                  .watch = evbuffer_add_cb(bufferevent_get_input(stream), on_bytes, c),
                                  .since_ns = clock_mono_ns()};
    if (c->next)
        c->next->link = &c->next;
    server->connections = c;
    server->connection_count++;
    endpoints_take_turns(server);
    patience_begin(server);
    return stream;
}

/* evhttp is about to free the connection. If the client left before its reply, the request is not part of the
 * connection any more but ours. */
static void on_close(struct evhttp_connection *closing, void *context)
{
    (void)closing;
    struct http_connection *c = context;
    if (c->on_gone)
        c->on_gone(c->gone_context);
    if (c->pending && !evhttp_request_get_connection(c->pending))
        evhttp_request_free(c->pending);
    forget(c);
}

void connection_wait(struct http_connection *c, void (*on_gone)(void *context), void *context)
{
    void *evhttp_context = NULL;
    bufferevent_event_cb on_event = NULL;
    bufferevent_data_cb on_written = NULL;
    c->on_gone = on_gone;
    c->gone_context = context;
    /* evhttp has stopped reading, so it would not notice that the client leaves. When reading goes on, it
     * must not be told of bytes, the next request's: its state does not allow them now, and it ends the
     * process. */
    bufferevent_getcb(c->stream, NULL, &on_written, &on_event, &evhttp_context);
    bufferevent_setcb(c->stream, NULL, on_written, on_event, evhttp_context);
    bufferevent_set_timeouts(c->stream, NULL, &idle_limit);
    bufferevent_enable(c->stream, EV_READ);
}

struct evhttp_request *connection_end_wait(struct http_connection *c)
{
    struct evhttp_request *request = c->pending;
    c->pending = NULL;
    c->on_gone = NULL;
    c->since_ns = clock_mono_ns();
    bufferevent_set_timeouts(c->stream, &idle_limit, &idle_limit);
    return request;
}

bool connection_is_last_request(const struct http_connection *c)
{
    return c->framing.phase == FRAMING_REST && c->requests >= c->framing.heads;
}

/* Did evhttp take for a request what isn't one, or what nobody should send? */
static bool is_misread(const struct http_connection *c)
{
    const struct framing *framing = &c->framing;
    return !c->watch || c->requests > framing->heads ||
           (framing->is_refused && c->requests == framing->heads);
}

static struct http_connection *find(struct http_server *server, const struct bufferevent *stream)
{
    struct http_connection *c = server->connections;
    while (c && c->stream != stream)
        c = c->next;
    return c;
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct evhttp_connection *peer = evhttp_request_get_connection(request);
    struct http_connection *c = find(context, evhttp_connection_get_bufferevent(peer));
    if (!c) {
        evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
        return;
    }
    evhttp_connection_set_closecb(peer, on_close, c);
    c->pending = request;
    c->requests++;
    if (is_misread(c) || http_request_read(request, &c->request))
        http_reply_bad_request(c);
    else if (access_is_granted(c, request))
        routes_serve(c);
    http_request_clear(&c->request);
}

void connections_serve(struct http_server *server)
{
    evhttp_set_bevcb(server->http, on_connect, server);
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_timeout_tv(server->http, &idle_limit);
    evhttp_set_max_headers_size(server->http, (ev_ssize_t)REQUEST_HEAD_MAX);
    evhttp_set_max_body_size(server->http, (ev_ssize_t)REQUEST_BODY_MAX);
    evhttp_set_default_content_type(server->http, NULL);
    /* As Go's router, ours does not look at the method. */
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                                 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                                 EVHTTP_REQ_TRACE | EVHTTP_REQ_PATCH);
}
