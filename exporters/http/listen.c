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

#define BACKLOG 128

static int new_socket(int family)
{
    int fd = high_fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd >= 0)
        return fd;
    return errno == EPERM ? -EACCES : -errno; /* EPERM is what open_folder says of a folder */
}

/* Where the socket file lies: everything but bind goes by the descriptor of the folder that was judged. */
struct place {
    struct sockaddr_un address;
    const char *name; /* in it */
    int folder_fd;
};

/* Creates the folder or judges the one that is there. The mode is set by descriptor: mkdir obeys the umask.
 * Its descriptor or negative errno. */
static int open_folder(const char *path)
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
    if (!error)
        return fd;
    close(fd);
    return error;
}

/* Is it a socket file of ours? */
static bool is_ours(const struct place *place, struct stat *info)
{
    return fstatat(place->folder_fd, place->name, info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISSOCK(info->st_mode) && info->st_uid == geteuid();
}

/* Is there a socket file that no process listens on any more? */
static bool is_stale(const struct place *place)
{
    struct stat info;
    if (!is_ours(place, &info))
        return false;
    int fd = new_socket(AF_UNIX);
    if (fd < 0)
        return false;
    bool is_dead = connect(fd, (const struct sockaddr *)&place->address, sizeof(place->address)) &&
                   errno == ECONNREFUSED;
    close(fd);
    return is_dead;
}

static int bind_unix(int fd, const struct place *place)
{
    const struct sockaddr *any = (const struct sockaddr *)&place->address;
    fchmod(fd, 0600); /* Linux gives this mode, less the umask, to the file */
    if (bind(fd, any, sizeof(place->address)) == 0)
        return 0;
    if (errno != EADDRINUSE || !is_stale(place))
        return errno == EADDRINUSE ? -EADDRINUSE : -errno;
    if (unlinkat(place->folder_fd, place->name, 0) && errno != ENOENT)
        return -errno;
    return bind(fd, any, sizeof(place->address)) ? -errno : 0;
}

/* Says where the file is, and begins to listen. */
static int publish(int fd, const struct place *place, struct listen_file *ret_file)
{
    struct stat info;
    if (!is_ours(place, &info))
        return -EPERM; /* another folder lies at the path now */
    _Static_assert(sizeof(place->address.sun_path) == sizeof(ret_file->path), "both hold a checked path");
    memcpy(ret_file->path, place->address.sun_path, sizeof(ret_file->path));
    ret_file->device = info.st_dev;
    ret_file->inode = info.st_ino;
    int error = fchmodat(place->folder_fd, place->name, 0600, 0) || listen(fd, BACKLOG) ? -errno : 0;
    if (error) {
        unlinkat(place->folder_fd, place->name, 0);
        *ret_file = (struct listen_file){.inode = 0};
    }
    return error;
}

int listen_check_path(const char *path)
{
    if (path[0] != '/')
        return -EINVAL;
    return strlen(path) < LISTEN_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int listen_unix(const char *path, struct listen_file *ret_file)
{
    struct place place = {.address = {.sun_family = AF_UNIX}};
    int error = listen_check_path(path);
    if (error)
        return error;
    place.name = strrchr(path, '/') + 1;
    memcpy(place.address.sun_path, path, strlen(path) + 1);
    place.folder_fd = open_folder(path);
    if (place.folder_fd < 0)
        return place.folder_fd;
    int fd = new_socket(AF_UNIX);
    error = fd < 0 ? fd : bind_unix(fd, &place);
    if (!error)
        error = publish(fd, &place, ret_file);
    close(place.folder_fd);
    if (error && fd >= 0)
        close(fd);
    return error ? error : fd;
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

bool address_is_loopback(const struct sockaddr *address)
{
    const union any_address *any = (const void *)address;
    if (address->sa_family == AF_INET)
        return ntohl(any->v4.sin_addr.s_addr) >> 24 == 127;
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &any->v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

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

bool listen_is_loopback(const char *host)
{
    union any_address address;
    socklen_t len = 0;
    return parse_host(host, 0, &address, &len) == 0 && address_is_loopback(&address.any);
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
