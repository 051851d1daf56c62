/* The folder of default sockets: in XDG_RUNTIME_DIR, /run/user/UID, or a folder of our own in TMPDIR. */
#include "boot/socket_place.h"

#include "base/compiler.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TIDIED_AT_ONCE 256 /* files looked at */

static char runtime_dir[1024], temporary_dir[1024];

void socket_place_init(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const char *temporary = getenv("TMPDIR");
    snprintf(runtime_dir, sizeof(runtime_dir), "%s", runtime && runtime[0] == '/' ? runtime : "");
    snprintf(temporary_dir, sizeof(temporary_dir), "%s",
             temporary && temporary[0] == '/' ? temporary : "/tmp");
}

static void default_path(char *path, size_t size)
{
    char user[64];
    snprintf(user, sizeof(user), "/run/user/%u", (unsigned)geteuid());
    if (runtime_dir[0] && access(runtime_dir, W_OK) == 0)
        snprintf(path, size, "%s/preflame/%d.sock", runtime_dir, (int)getpid());
    else if (access(user, W_OK) == 0)
        snprintf(path, size, "%s/preflame/%d.sock", user, (int)getpid());
    else
        snprintf(path, size, "%s/preflame-%u/%d.sock", temporary_dir, (unsigned)geteuid(), (int)getpid());
}

static bool has_folder(const char *path)
{
    char folder[PATH_MAX];
    size_t len = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, path, len);
    folder[len] = 0;
    return access(len ? folder : "/", F_OK) == 0 || errno != ENOENT;
}

int socket_place_choose(const struct options *options, bool is_child, char *path, size_t size)
{
    path[0] = 0;
    if (!options->has_socket)
        return 0;
    if (!options->socket_path[0]) {
        default_path(path, size);
        return 0;
    }
    if (is_child)
        snprintf(path, size, "%.90s.%d", options->socket_path, (int)getpid());
    else
        snprintf(path, size, "%s", options->socket_path);
    return has_folder(path) ? 0 : -ENOENT;
}

const char *socket_place_problem(int error)
{
    if (error == -EPERM)
        return "its folder must be this user's and closed to others (mode 0700)";
    return error == -ENOENT ? "its folder is not there" : strerror(-error);
}

/* The process of a file named PID.sock, or 0. */
static pid_t owner_of(const char *name)
{
    char *end;
    long pid = name[0] >= '1' && name[0] <= '9' ? strtol(name, &end, 10) : 0;
    return pid > 0 && pid < INT32_MAX && strcmp(end, ".sock") == 0 ? (pid_t)pid : 0;
}

/* The pid may live in another namespace: then somebody answers. */
static bool is_answered(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    bool is_refused =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED;
    close(fd);
    return !is_refused;
}

static void tidy_one(int folder_fd, const char *folder, const char *name)
{
    struct stat info;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pid_t pid = owner_of(name);
    if (!pid || kill(pid, 0) == 0 || errno != ESRCH)
        return;
    if (fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISSOCK(info.st_mode) ||
        info.st_uid != geteuid())
        return;
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);
    if (len > 0 && (size_t)len < sizeof(address.sun_path) && !is_answered(&address))
        unlinkat(folder_fd, name, 0);
}

void socket_place_tidy(const char *path)
{
    char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    size_t len = (size_t)(strrchr(path, '/') - path);
    if (len >= sizeof(folder))
        return;
    memcpy(folder, path, len);
    folder[len] = 0;
    DIR *files = opendir(folder);
    if (!files)
        return;
    const struct dirent *file;
    for (int i = 0; i < TIDIED_AT_ONCE && (file = readdir(files)); i++)
        tidy_one(dirfd(files), folder, file->d_name);
    closedir(files);
}
