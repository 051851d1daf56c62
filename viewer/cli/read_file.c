/* Pipes give what they have, so reads go on until the end. */
#include "viewer/cli/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)1 << 16)

static int read_all(int fd, struct bytes *data)
{
    for (;;) {
        uint8_t *to = bytes_reserve(data, READ_SIZE);
        ssize_t got = to ? read(fd, to, READ_SIZE) : 0;
        if (!to)
            return data->error;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return 0;
        data->len += (size_t)got;
    }
}

int read_file(const char *path, struct bytes *data)
{
    bool is_standard = !path || strcmp(path, "-") == 0;
    int fd = is_standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = read_all(fd, data);
    if (!is_standard)
        close(fd);
    return error;
}
