/* The HTTP endpoints of an instrumented process: on a Unix socket, a TCP port or both, served by one thread.
 */
#ifndef PREFLAME_EXPORTERS_HTTP_SERVER_H
#define PREFLAME_EXPORTERS_HTTP_SERVER_H

#include "base/compiler.h"
#include "exporters/helper.h"
#include "exporters/http/source.h"

#include <stdint.h>
#include <sys/types.h>

/* A helper that goes on as long as the server: what it reads as standard input ends with the server, an exec
 * or the process. All functions are called in the serving thread. */
struct http_companion {
    int64_t after_ns; /* of serving, before it starts: short-lived processes have none */
    /* What to start; NULL: nothing. */
    const struct helper_command *(*begin)(void *context);
    /* A line that it wrote; NULL: it has ended, and nobody made it end. */
    void (*said)(void *context, const char *line);
    void *context;
};

struct http_options {
    const char *socket_path; /* absolute, or NULL for no Unix socket; copied */
    const char *tcp_host;    /* IP address, "localhost" or "" (127.0.0.1); NULL for no TCP; copied */
    uint16_t tcp_port;       /* 0 = any free one */
    const char *token; /* what a client must send on TCP; NULL or "" = nothing; at most 255 bytes; copied */
    /* Environment of helpers, already without our variables; NULL takes the process' own, filtered. Borrowed.
     */
    const char *const *helper_env;
    const struct http_companion *companion; /* NULL for none; borrowed */
    int64_t helper_timeout_ns;              /* 0 = 20 s */
    int64_t request_timeout_ns;             /* from a request's first byte to its last; 0 = 20 s */
    int64_t reply_timeout_ns;               /* from a reply's first byte to its last; 0 = 10 min */
};

struct http_server;

/* What became of the endpoints, each 0 or negative errno (0 also for one that wasn't asked for), and the TCP
 * port, 0 without. Called once, in the serving thread: descriptors of the program, its standard error too,
 * do not exist there. */
typedef void (*http_ready_fn)(void *context, int socket_error, int tcp_error, uint16_t tcp_port);

/* Checks and copies the options; opens nothing. `source` is borrowed until http_server_free. 0, -ENOMEM,
 * -EINVAL for a relative path, a host that is a name or no endpoint at all, -ENAMETOOLONG for a path or a
 * token. Boot-only. */
int http_server_new(const struct http_options *options, const struct http_source *source,
                    struct http_server **ret) MUST_USE;
/* Serves until http_server_stop, in the calling thread, which must be an internal one that ends afterwards:
 * it gets a descriptor table of its own, without the program's files, and every signal stays blocked. Binds,
 * says `ready`, and serves what could be bound. The socket gets mode 0600; its folder is made with mode 0700
 * if missing, and must be ours and closed to others otherwise; a socket that no process listens on any more
 * is replaced, and it is removed in the end. Running profiles are ended and thrown away before it returns. 0;
 * when nothing could be bound, the error of the socket or else of TCP: -EADDRINUSE, -EACCES, -EPERM or
 * -ENOTDIR for an unsafe folder; -ENOMEM; -EIO when the loop itself failed. */
int http_server_run(struct http_server *server, http_ready_fn ready, void *context) MUST_USE;
/* Makes http_server_run return soon; it may be called before it. Does nothing in a forked child. Any thread.
 * Signal-safe. It needs /proc and a free descriptor for a moment: never join the thread without a deadline.
 */
void http_server_stop(struct http_server *server);
/* Before an exec: where helpers are hidden children (helper_middle.h), ends the companion, waiting a second
 * at most, since the new program would see its end. It starts anew if the exec fails. Does nothing in a
 * forked child. Any thread. */
void http_server_before_exec(struct http_server *server);
/* Removes the socket file, if it is still the one that was made: for a process that is about to end. Does
 * nothing in a forked child. Once `ready` was said; any thread. Signal-safe. */
void http_server_unlink(const struct http_server *server);
/* Frees the memory. After http_server_run has returned, or instead of it. NULL is fine. Boot-only. */
void http_server_free(struct http_server *server);
/* In a forked child, instead of http_server_free. The child has none of our descriptors, unless the kernel
 * refused the server its own table: then they are closed. The memory stays. Signal-safe. */
void http_server_drop_in_child(struct http_server *server);

#endif
