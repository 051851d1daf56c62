/* What one server is, for the files of this folder only. Everything is used by the serving thread alone,
 * except where said. */
#ifndef PREFLAME_EXPORTERS_HTTP_STATE_H
#define PREFLAME_EXPORTERS_HTTP_STATE_H

#include "exporters/http/companion.h"
#include "exporters/http/listen.h"
#include "exporters/http/server.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define ENDPOINT_COUNT 2 /* the Unix socket and TCP */
#define BASE_FDS_MAX 8
#define HOST_BYTES 64
#define TOKEN_BYTES 256

struct http_connection;

struct http_server {
    /* Set by http_server_new and read only from then on, also by http_server_stop in any thread. */
    const struct http_source *source; /* borrowed */
    const char *const *helper_env;    /* own_env, or borrowed */
    char **own_env;                   /* owned, or NULL */
    int64_t helper_timeout_ns, request_timeout_ns, reply_timeout_ns;
    bool has_socket, has_tcp;
    char socket_path[LISTEN_PATH_BYTES];
    char tcp_host[HOST_BYTES];
    char token[TOKEN_BYTES]; /* asked for on TCP; "" = none */
    uint16_t wanted_port;
    pid_t pid; /* of the process that may stop us: not a forked child */

    /* The stopper sets is_stopping, then reads is_serving; the server sets is_serving, then reads
     * is_stopping. So one of the two sees the other. is_serving publishes stop_path. */
    atomic_bool is_stopping, is_serving;
    char stop_path[64]; /* of the pipe that wakes the loop */
    uint16_t tcp_port;  /* listened on; 0 without TCP */

    bool is_private; /* we have a descriptor table of our own */
    struct event_base *base;
    int base_fds[BASE_FDS_MAX]; /* what the base opened for itself in a table that isn't private */
    size_t base_fd_count;
    struct evhttp *http;
    struct evconnlistener *listeners[ENDPOINT_COUNT]; /* owned by `http`; NULL = none */
    int listener_fds[ENDPOINT_COUNT];                 /* owned by `listeners`; -1 = none */
    int stop_fds[2];                                  /* a pipe; -1 = none */
    struct event *stop_event;
    struct event *resume_event; /* pending while no connection is accepted */
    struct event *look_event;   /* pending while there are connections: who takes too long? */
    struct listen_file file;
    struct companion companion;

    struct http_connection *connections; /* a list, newest first */
    size_t connection_count;
    uint32_t accept_count; /* ever */
    bool is_tracing;       /* one trace at a time */
};

#endif
