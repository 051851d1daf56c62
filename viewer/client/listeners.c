/* Which sockets a thread listens on: its descriptors, looked up in the kernel's lists of sockets. */
#include "viewer/client/proc.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKETS_MAX 256 /* the serving thread has no more */
#define LISTENING_UNIX 0x10000u
#define LISTENING_TCP 0x0au

struct sockets {
    uint64_t inodes[SOCKETS_MAX];
    size_t count;
};

static void find_sockets(pid_t pid, pid_t thread, struct sockets *ret)
{
    char path[300], target[64];
    ret->count = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/fd", (int)pid, (int)thread);
    DIR *descriptors = opendir(path);
    const struct dirent *entry;
    while (descriptors && ret->count < SOCKETS_MAX && (entry = readdir(descriptors))) {
        ssize_t len = readlinkat(dirfd(descriptors), entry->d_name, target, sizeof(target) - 1);
        target[len > 0 ? len : 0] = 0;
        if (sscanf(target, "socket:[%" SCNu64 "]", &ret->inodes[ret->count]) == 1)
            ret->count++;
    }
    if (descriptors)
        closedir(descriptors);
}

static bool has_socket(const struct sockets *sockets, uint64_t inode)
{
    for (size_t i = 0; i < sockets->count; i++)
        if (sockets->inodes[i] == inode)
            return true;
    return false;
}

/* The process may see other files than we do: in a container, say. */
static void name_path(pid_t pid, const char *seen, char *path, size_t size)
{
    struct stat ours, its;
    char below[PATH_MAX];
    snprintf(below, sizeof(below), "/proc/%d/root%s", (int)pid, seen);
    bool is_other = stat(below, &its) == 0 &&
                    (stat(seen, &ours) != 0 || ours.st_ino != its.st_ino || ours.st_dev != its.st_dev);
    const char *chosen = is_other ? below : seen;
    if (strlen(chosen) < size)
        memcpy(path, chosen, strlen(chosen) + 1);
}

static void match_unix(pid_t pid, const struct sockets *sockets, char *line, char *path, size_t size)
{
    unsigned flags;
    uint64_t inode;
    int end = 0;
    if (sscanf(line, "%*x: %*x %*x %x %*x %*x %" SCNu64 " %n", &flags, &inode, &end) != 2 || !end)
        return;
    line[strcspn(line, "\n")] = 0;
    if ((flags & LISTENING_UNIX) && line[end] == '/' && has_socket(sockets, inode))
        name_path(pid, line + end, path, size);
}

/* "0100007F:17AC", each word of the address in the machine's order. */
static void print_address(const char *hex, char *text, size_t size)
{
    uint32_t words[4] = {0};
    unsigned port;
    char host[INET6_ADDRSTRLEN] = "";
    size_t count = strcspn(hex, ":") / 8;
    for (size_t i = 0; i < count && i < 4; i++)
        if (sscanf(hex + 8 * i, "%8" SCNx32, &words[i]) != 1)
            return;
    if (sscanf(hex + strcspn(hex, ":"), ":%x", &port) != 1)
        return;
    inet_ntop(count == 1 ? AF_INET : AF_INET6, words, host, sizeof(host));
    snprintf(text, size, count == 1 ? "%s:%u" : "[%s]:%u", host, port);
}

static void match_tcp(const struct sockets *sockets, const char *line, char *http, size_t size)
{
    char address[64];
    unsigned state;
    uint64_t inode;
    if (sscanf(line, " %*u: %63s %*s %x %*s %*s %*s %*u %*u %" SCNu64, address, &state, &inode) == 3 &&
        state == LISTENING_TCP && has_socket(sockets, inode))
        print_address(address, http, size);
}

void proc_listeners(pid_t pid, pid_t thread, char *path, size_t path_size, char *http, size_t http_size)
{
    static const char *const lists[] = {"unix", "tcp", "tcp6"};
    struct sockets sockets;
    char *line = NULL;
    size_t room = 0;
    path[0] = http[0] = 0;
    find_sockets(pid, thread, &sockets);
    for (size_t i = 0; sockets.count && i < sizeof(lists) / sizeof(lists[0]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "/proc/%d/net/%s", (int)pid, lists[i]);
        FILE *list = fopen(name, "re");
        while (list && getline(&line, &room, list) > 0) {
            if (i == 0)
                match_unix(pid, &sockets, line, path, path_size);
            else
                match_tcp(&sockets, line, http, http_size);
        }
        if (list)
            fclose(list);
    }
    free(line);
}
