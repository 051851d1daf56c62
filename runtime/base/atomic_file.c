/* Write aside, rename. */
#include "base/atomic_file.h"

#include "base/quiet_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t done = quiet_write(fd, data, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        data += done;
        len -= (size_t)done;
    }
    return 0;
}

static int open_aside(const char *path, char *aside, size_t aside_size)
{
    for (int tries = 0; tries < 16; tries++) {
        unsigned salt = 0;
        if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
            salt = (unsigned)getpid() + (unsigned)tries;
        if (snprintf(aside, aside_size, "%s.%08x~", path, salt) >= (int)aside_size)
            return -ENAMETOOLONG;
        int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd >= 0 ? fd : -errno;
    }
    return -EEXIST;
}

int atomic_file_write(const char *path, const void *data, size_t len, bool is_exclusive)
{
    char aside[4096];
    int fd = open_aside(path, aside, sizeof(aside));
    if (fd < 0)
        return fd;
    int error = write_all(fd, data, len);
    if (close(fd) && !error)
        error = -errno;
    if (!error && (is_exclusive ? link(aside, path) : rename(aside, path)))
        error = -errno;
    if (error || is_exclusive)
        unlink(aside);
    return error;
}
