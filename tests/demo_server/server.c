/* The HTTP side of the demo server: one route table on libmicrohttpd. */
#include "tests/demo_server/server.h"

#include "base/clock.h"
#include "tests/demo_server/hello.h"
#include "tests/demo_server/request_log.h"
#include "tests/demo_server/ten_threads.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX_BYTES = 4 << 20, IDLE_TIMEOUT_S = 60 };

/* Each route fills `out` and returns the HTTP status. */
struct route {
    const char *path;
    const char *content_type;
    unsigned (*answer)(struct server *s, struct bytes *out);
};

static unsigned answer_hello(struct server *s, struct bytes *out)
{
    uint64_t request = atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
    hello_answer(s->map, request, out);
    return MHD_HTTP_OK;
}

static unsigned answer_test(struct server *s, struct bytes *out)
{
    (void)s;
    int r = ten_threads_run();
    bytes_puts(out, r < 0 ? "cannot start threads\n" : "success\n");
    return r < 0 ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK;
}

static unsigned answer_unknown(struct server *s, struct bytes *out)
{
    (void)s;
    bytes_puts(out, "not found: try /hello or /test\n");
    return MHD_HTTP_NOT_FOUND;
}

static const struct route routes[] = {
    {"/hello", "application/json", answer_hello},
    {"/test", "text/plain", answer_test},
    {NULL, "text/plain", answer_unknown},
};

static const struct route *route_find(const char *path)
{
    const struct route *route = routes;
    while (route->path && strcmp(route->path, path) != 0) {
        route++;
    }
    return route;
}

static void forget_body(void *body)
{
    bytes_clear(body);
    free(body);
}

/* Hands the bytes over to the library, which has them freed when they are sent. */
static enum MHD_Result send_bytes(struct MHD_Connection *connection, unsigned status,
                                  const char *content_type, struct bytes *body)
{
    struct bytes *sent = malloc(sizeof(*sent));
    struct MHD_Response *response =
        sent
            ? MHD_create_response_from_buffer_with_free_callback_cls(body->len, body->data, forget_body, sent)
            : NULL;
    if (!response) {
        free(sent);
        bytes_clear(body);
        return MHD_NO;
    }
    *sent = *body;
    *body = (struct bytes){0};
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    enum MHD_Result r = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return r;
}

static enum MHD_Result server_answer(void *argument, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *upload_data,
                                     size_t *upload_size, void **state)
{
    (void)version, (void)upload_data;
    struct server *s = argument;
    if (*upload_size) { /* a body is read and forgotten */
        *upload_size = 0;
        return MHD_YES;
    }
    if (!*state) { /* first call: headers only; answering now would break requests with a body */
        *state = s;
        return MHD_YES;
    }
    int64_t start_ns = clock_mono_ns();
    const struct route *route = route_find(url);
    struct bytes body;
    bytes_init(&body, ANSWER_MAX_BYTES);
    unsigned status = route->answer(s, &body);
    if (body.error) {
        bytes_clear(&body);
        return MHD_NO;
    }
    size_t size_bytes = body.len;
    enum MHD_Result r = send_bytes(connection, status, route->content_type, &body);
    if (s->is_logging) {
        request_log_print(method, url, status, size_bytes, clock_mono_ns() - start_ns);
    }
    return r;
}

int server_start(struct server *s, const struct options *options, const struct user_map *map,
                 uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *s = (struct server){.map = map, .is_logging = options->is_logging};
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD;
    struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->threads, NULL},
                                    {MHD_OPTION_END, 0, NULL}};
    if (options->mode == MODE_CONNECTION) {
        flags |= MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
        pool[0] = pool[1];
    } else {
        flags |= MHD_USE_EPOLL;
    }
    errno = 0;
    s->daemon = MHD_start_daemon(flags, options->port, NULL, NULL, server_answer, s, MHD_OPTION_SOCK_ADDR,
                                 (struct sockaddr *)&address, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
    if (!s->daemon) {
        return errno ? -errno : -EIO;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    *ret_port = info ? info->port : options->port;
    return 0;
}

void server_stop(struct server *s)
{
    if (s->daemon) {
        MHD_stop_daemon(s->daemon);
        s->daemon = NULL;
    }
}
