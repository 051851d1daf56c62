/* Making listening sockets inside somebody else's program: no umask change, no chdir, no resolver. */
#include "exporters/http/listen.h"

#include "exporters/high_fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

static int new_socket(int family)
{
    int fd = high_fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return fd < 0 ? -errno : fd;
}

/* Creates the folder or judges the one that is there. The mode is set by descriptor: mkdir obeys the umask.
 */
static int prepare_folder(const char *path)
{
    char folder[sizeof(struct sockaddr_un)];
    size_t len = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, path, len);
    folder[len] = 0;
    bool is_fresh = mkdir(len ? folder : "/", 0700) == 0;
    if (!is_fresh && errno != EEXIST)
        return -errno;
    int fd = high_fd(open(len ? folder : "/", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0)
        return errno == ELOOP ? -ENOTDIR : -errno;
    struct stat info;
    int error = 0;
    if ((is_fresh && fchmod(fd, 0700)) || fstat(fd, &info))
        error = -errno;
    else if (info.st_uid != geteuid() || info.st_mode & (S_IRWXG | S_IRWXO))
        error = -EPERM;
    close(fd);
    return error;
}

/* Is there a socket file at the address that no process listens on any more? */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat info;
    if (lstat(address->sun_path, &info) || !S_ISSOCK(info.st_mode) || info.st_uid != geteuid())
        return false;
    int fd = new_socket(AF_UNIX);
    if (fd < 0)
        return false;
    bool is_dead = connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED;
    close(fd);
    return is_dead;
}

static int bind_unix(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *any = (const struct sockaddr *)address;
    fchmod(fd, 0600); /* Linux gives this mode, less the umask, to the file */
    if (bind(fd, any, sizeof(*address)) == 0)
        return 0;
    if (errno != EADDRINUSE || !is_stale(address))
        return errno == EADDRINUSE ? -EADDRINUSE : -errno;
    if (unlink(address->sun_path) && errno != ENOENT)
        return -errno;
    return bind(fd, any, sizeof(*address)) ? -errno : 0;
}

static int publish(int fd, struct listen_file *ret_file)
{
    struct stat info;
    if (chmod(ret_file->path, 0600) || lstat(ret_file->path, &info))
        return -errno;
    ret_file->device = info.st_dev;
    ret_file->inode = info.st_ino;
    return listen(fd, BACKLOG) ? -errno : 0;
}

int listen_check_path(const char *path)
{
    if (path[0] != '/')
        return -EINVAL;
    return strlen(path) < LISTEN_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int listen_unix(const char *path, struct listen_file *ret_file)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct listen_file file = {.inode = 0};
    int error = listen_check_path(path);
    if (error)
        return error;
    _Static_assert(sizeof(address.sun_path) == sizeof(file.path), "both hold a checked path");
    memcpy(address.sun_path, path, strlen(path) + 1);
    memcpy(file.path, path, strlen(path) + 1);
    error = prepare_folder(path);
    int fd = error ? error : new_socket(AF_UNIX);
    if (fd < 0)
        return fd;
    error = bind_unix(fd, &address);
    if (!error) {
        error = publish(fd, &file);
        if (error)
            unlink(path);
    }
    if (error) {
        close(fd);
        return error;
    }
    *ret_file = file;
    return fd;
}

void listen_file_remove(const struct listen_file *file)
{
    struct stat info;
    if (file->path[0] && lstat(file->path, &info) == 0 && info.st_dev == file->device &&
        info.st_ino == file->inode)
        unlink(file->path);
}

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int parse_host(const char *host, uint16_t port, union any_address *ret, socklen_t *ret_len)
{
    *ret = (union any_address){.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    *ret_len = sizeof(ret->v6);
    if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1)
        return 0;
    *ret = (union any_address){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    *ret_len = sizeof(ret->v4);
    bool is_loopback = host[0] == 0 || strcmp(host, "localhost") == 0;
    return inet_pton(AF_INET, is_loopback ? "127.0.0.1" : host, &ret->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

int listen_check_host(const char *host)
{
    union any_address address;
    socklen_t len = 0;
    return parse_host(host, 0, &address, &len);
}

int listen_tcp(const char *host, uint16_t port, uint16_t *ret_port)
{
    union any_address address;
    socklen_t len = 0;
    int error = parse_host(host, port, &address, &len);
    int fd = error ? error : new_socket(address.any.sa_family);
    if (fd < 0)
        return fd;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &address.any, len) || listen(fd, BACKLOG) || getsockname(fd, &address.any, &len)) {
        error = -errno;
        close(fd);
        return error;
    }
    *ret_port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return fd;
}
