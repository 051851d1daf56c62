/* evhttp on our sockets, and when it accepts. */
#include "exporters/http/endpoints.h"

#include "exporters/high_fd.h"
#include "exporters/http/connection.h"
#include "exporters/http/patience.h"

#include <errno.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 16

static void accept_none_for(struct http_server *server, const struct timeval *time)
{
    for (int i = 0; i < ENDPOINT_COUNT; i++)
        if (server->listeners[i])
            evconnlistener_disable(server->listeners[i]);
    event_add(server->resume_event, time);
}

void endpoints_pause(struct http_server *server)
{
    static const struct timeval second = {.tv_sec = 1};
    accept_none_for(server, &second);
}

void endpoints_take_turns(struct http_server *server)
{
    static const struct timeval now = {.tv_sec = 0};
    if (++server->accept_count % ACCEPTS_A_TURN == 0 && !evtimer_pending(server->resume_event, NULL))
        accept_none_for(server, &now);
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_server *server = context;
    connections_sweep(server);
    if (server->connection_count >= CONNECTIONS_MAX && !patience_make_room(server)) {
        endpoints_pause(server);
        return;
    }
    for (int i = 0; i < ENDPOINT_COUNT; i++)
        if (server->listeners[i])
            evconnlistener_enable(server->listeners[i]);
}

/* The one that this thread serves: what a listener's callbacks are given is evhttp's. */
static __thread struct http_server *serving;

/* Out of descriptors or memory: asking again at once would spin. */
static void on_accept_error(struct evconnlistener *listener, void *context)
{
    (void)listener, (void)context;
    endpoints_pause(serving);
}

static void make_base(void *context)
{
    struct http_server *server = context;
    struct event_config *config = event_config_new();
    if (!config)
        return;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    server->base = event_base_new_with_config(config);
    event_config_free(config);
}

int endpoints_new(struct http_server *server)
{
    if (server->is_private)
        make_base(server);
    else
        server->base_fd_count = high_fd_while_low_taken(make_base, server, server->base_fds, BASE_FDS_MAX);
    server->http = server->base ? evhttp_new(server->base) : NULL;
    server->resume_event = server->base ? evtimer_new(server->base, on_resume, server) : NULL;
    if (!server->http || !server->resume_event || patience_new(server))
        return -ENOMEM;
    connections_serve(server);
    return 0;
}

/* Hands the socket to evhttp. 0 or -ENOMEM; `fd` is owned from here on. */
static int accept_on(struct http_server *server, int index, int fd)
{
    struct evconnlistener *listener =
        evconnlistener_new(server->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                           0 /* it listens already */, fd);
    if (!listener) {
        close(fd);
        return -ENOMEM;
    }
    if (!evhttp_bind_listener(server->http, listener)) {
        evconnlistener_free(listener);
        return -ENOMEM;
    }
    evconnlistener_set_error_cb(listener, on_accept_error);
    server->listeners[index] = listener;
    server->listener_fds[index] = fd;
    return 0;
}

void endpoints_bind(struct http_server *server, int ret_errors[ENDPOINT_COUNT])
{
    ret_errors[0] = ret_errors[1] = 0;
    serving = server;
    if (server->has_socket) {
        int fd = listen_unix(server->socket_path, &server->file);
        ret_errors[0] = fd < 0 ? fd : accept_on(server, 0, fd);
    }
    if (server->has_tcp) {
        uint16_t port = 0;
        int fd = listen_tcp(server->tcp_host, server->wanted_port, &port);
        ret_errors[1] = fd < 0 ? fd : accept_on(server, 1, fd);
        if (!ret_errors[1])
            server->tcp_port = port;
    }
}

void endpoints_free(struct http_server *server)
{
    for (int i = 0; i < ENDPOINT_COUNT; i++) {
        server->listeners[i] = NULL;
        server->listener_fds[i] = -1;
    }
    listen_file_remove(&server->file);
    if (server->http)
        evhttp_free(server->http);
    connections_sweep(server);
    if (server->resume_event)
        event_free(server->resume_event);
    if (server->look_event)
        event_free(server->look_event);
    if (server->base)
        event_base_free(server->base);
    server->http = NULL;
    server->resume_event = server->look_event = NULL;
    server->base = NULL;
}
