/* Listening sockets: a private Unix one, a TCP one by number. */
#ifndef PREFLAME_EXPORTERS_HTTP_LISTEN_H
#define PREFLAME_EXPORTERS_HTTP_LISTEN_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define LISTEN_PATH_BYTES 108 /* of a Unix socket's path with its NUL */

/* A socket file that we made, and how to know it again. */
struct listen_file {
    char path[LISTEN_PATH_BYTES];
    dev_t device;
    ino_t inode;
};

/* Could listen_unix and listen_tcp take these? 0, -EINVAL or -ENAMETOOLONG. Any thread. */
int listen_check_path(const char *path) MUST_USE;
int listen_check_host(const char *host) MUST_USE;
/* Is it an IP address of this machine alone? Any thread. */
bool address_is_loopback(const struct sockaddr *address);
/* Does this host, which listen_check_host has let pass, serve this machine alone? Any thread. */
bool listen_is_loopback(const char *host);

/* A listening Unix socket at absolute `path`, mode 0600, high, non-blocking, close-on-exec. Its folder is
 * created 0700 (the last component only) or checked: a real folder, ours, closed to group and others. A
 * socket file of a dead process is replaced. The descriptor, or negative errno: -EADDRINUSE somebody answers
 * there, -EPERM not ours or open to others, -ENOTDIR, and as listen_check_path. */
int listen_unix(const char *path, struct listen_file *ret_file) MUST_USE;
/* Removes the socket file, if it is still the one we made. Zeroed: nothing. */
void listen_file_remove(const struct listen_file *file);
/* A listening TCP socket. `host` is an IPv4 or IPv6 address, "localhost" or "" (both 127.0.0.1): no resolver
 * is loaded into the program. The descriptor, or negative errno; *ret_port is the port it got. */
int listen_tcp(const char *host, uint16_t port, uint16_t *ret_port) MUST_USE;

#endif
