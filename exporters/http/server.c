/* The server's life: what it is made of, in which order it comes up and goes down. */
#include "exporters/http/server.h"

#include "base/clock.h"
#include "base/private_files.h"
#include "exporters/helper.h"
#include "exporters/http/connection.h"
#include "exporters/http/endpoints.h"
#include "exporters/http/quiet.h"
#include "exporters/http/stop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HELPER_TIMEOUT_NS (20 * NS_PER_S)
#define REQUEST_TIMEOUT_NS (20 * NS_PER_S)
#define REPLY_TIMEOUT_NS (600 * NS_PER_S)

static int check(const struct http_options *options)
{
    int error = options->socket_path || options->tcp_host ? 0 : -EINVAL;
    if (!error && options->socket_path)
        error = listen_check_path(options->socket_path);
    if (!error && options->tcp_host)
        error = listen_check_host(options->tcp_host);
    if (!error && options->token && strlen(options->token) >= TOKEN_BYTES)
        error = -ENAMETOOLONG;
    return error;
}

static void take_options(struct http_server *server, const struct http_options *options)
{
    server->helper_env = options->helper_env;
    server->helper_timeout_ns = options->helper_timeout_ns ? options->helper_timeout_ns : HELPER_TIMEOUT_NS;
    server->request_timeout_ns =
        options->request_timeout_ns ? options->request_timeout_ns : REQUEST_TIMEOUT_NS;
    server->reply_timeout_ns = options->reply_timeout_ns ? options->reply_timeout_ns : REPLY_TIMEOUT_NS;
    server->has_socket = options->socket_path != NULL;
    if (server->has_socket)
        snprintf(server->socket_path, sizeof(server->socket_path), "%s", options->socket_path);
    server->has_tcp = options->tcp_host != NULL;
    if (server->has_tcp)
        snprintf(server->tcp_host, sizeof(server->tcp_host), "%s", options->tcp_host);
    server->wanted_port = options->tcp_port;
    if (options->token)
        snprintf(server->token, sizeof(server->token), "%s", options->token);
}

int http_server_new(const struct http_options *options, const struct http_source *source,
                    struct http_server **ret)
{
    int error = check(options);
    struct http_server *server = error ? NULL : calloc(1, sizeof(*server));
    if (!server)
        return error ? error : -ENOMEM;
    take_options(server, options);
    server->source = source;
    server->listener_fds[0] = server->listener_fds[1] = -1;
    server->stop_fds[0] = server->stop_fds[1] = -1;
    server->pid = (pid_t)syscall(SYS_getpid);
    server->companion = (struct companion){
        .plan = options->companion, .helper = {.pidfd = -1, .output_fd = -1}, .input_fd = -1};
    if (!server->helper_env) {
        server->own_env = helper_environment_new((const char *const *)environ);
        server->helper_env = (const char *const *)server->own_env;
        if (!server->own_env) {
            free(server);
            return -ENOMEM;
        }
    }
    http_quiet_libevent();
    *ret = server;
    return 0;
}

/* 0 when there is something to serve. */
static int come_up(struct http_server *server, http_ready_fn ready, void *context)
{
    int errors[ENDPOINT_COUNT] = {0, 0};
    server->is_private = private_files_enter();
    int error = endpoints_new(server);
    if (!error)
        error = stop_listen(server);
    if (error)
        errors[0] = errors[1] = error;
    else
        endpoints_bind(server, errors);
    bool is_bound = server->listeners[0] || server->listeners[1];
    ready(context, server->has_socket ? errors[0] : 0, server->has_tcp ? errors[1] : 0, server->tcp_port);
    if (is_bound) {
        companion_plan(server);
        return 0;
    }
    return server->has_socket ? errors[0] : errors[1];
}

int http_server_run(struct http_server *server, http_ready_fn ready, void *context)
{
    /* Also for SIGPIPE, which a client that leaves would send us: the program may not ignore it. */
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    http_claim_thread();
    int error = come_up(server, ready, context);
    if (!error && !atomic_load(&server->is_stopping) &&
        event_base_loop(server->base, EVLOOP_NO_EXIT_ON_EMPTY))
        error = -EIO;
    companion_end(server);
    stop_ignore(server);
    endpoints_free(server);
    return error;
}

void http_server_unlink(const struct http_server *server)
{
    if (syscall(SYS_getpid) == server->pid)
        listen_file_remove(&server->file);
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    free(server->own_env);
    free(server);
}
