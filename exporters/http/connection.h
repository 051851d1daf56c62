/* One client of evhttp's: the request that it waits for, and how we learn that it left. */
#ifndef PREFLAME_EXPORTERS_HTTP_CONNECTION_H
#define PREFLAME_EXPORTERS_HTTP_CONNECTION_H

#include "exporters/http/framing.h"
#include "exporters/http/request.h"
#include "exporters/http/state.h"

#include <event2/http.h>
#include <stddef.h>

#define CONNECTIONS_MAX 64
#define CONNECTIONS_SERVED_MAX 16 /* at once: each may hold a profile, and a helper process */
#define REQUEST_HEAD_MAX ((size_t)16 * 1024)
#define REQUEST_BODY_MAX ((size_t)1024 * 1024)

struct evbuffer_cb_entry;

struct http_connection {
    struct http_server *server;
    struct http_connection *next, **link; /* in server->connections */
    struct bufferevent *stream;           /* evhttp's; a reference to it is ours */
    struct framing framing;               /* of all bytes that have come */
    struct evbuffer_cb_entry *watch;      /* brings them to it */
    uint32_t requests;                    /* that evhttp has handed over */
    int64_t since_ns;               /* when it came, or its request began to come, or its reply began to go */
    struct evhttp_request *pending; /* is being answered; NULL between requests */
    struct http_request request;    /* valid while its route runs, until that returns */
    void (*on_gone)(void *context);
    void *gone_context;
};

/* Makes evhttp come to us with connections and requests. */
void connections_serve(struct http_server *server);
/* Forgets the connections that evhttp has closed. */
void connections_sweep(struct http_server *server);
/* Has evhttp not closed it yet? Signal-safe. */
bool connection_is_open(const struct http_connection *c);
/* Is a reply made for it, or on its way? */
bool connection_is_served(const struct http_connection *c);
/* Will evhttp read no further request from it? */
bool connection_is_last_request(const struct http_connection *c);
/* The reply comes later: no time limit until then. `on_gone(context)` is called if the client leaves first;
 * after it, or after the reply, the connection must not be touched. */
void connection_wait(struct http_connection *c, void (*on_gone)(void *context), void *context);
/* The reply comes now: ends the wait. Returns what is to be answered. */
struct evhttp_request *connection_end_wait(struct http_connection *c);

#endif
