/* What a forked child does with the server it has copies of. */
#include "exporters/http/connection.h"
#include "exporters/http/server.h"

#include <unistd.h>

#include <event2/bufferevent.h>

void http_server_drop_in_child(struct http_server *server)
{
    /* fork copied the table of the thread that called it: the program's. */
    if (server->is_private)
        return;
    /* Not event_base_free: it would take our events out of the epoll set that the parent goes on using. */
    for (size_t i = 0; i < server->base_fd_count; i++)
        close(server->base_fds[i]);
    for (int i = 0; i < ENDPOINT_COUNT; i++)
        if (server->listener_fds[i] >= 0)
            close(server->listener_fds[i]);
    for (struct http_connection *c = server->connections; c; c = c->next)
        if (connection_is_open(c))
            close(bufferevent_getfd(c->stream));
    if (server->companion.input_fd >= 0)
        close(server->companion.input_fd);
    for (int i = 0; i < 2; i++)
        if (server->stop_fds[i] >= 0)
            close(server->stop_fds[i]);
}
