/* What goes into a helper and what comes out: its input, its environment, a run with a deadline. */
#include "exporters/helper.h"

#include "base/clock.h"
#include "exporters/high_fd.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)

int helper_input(const void *data, size_t len)
{
    int fd = high_fd(memfd_create("preflame-input", MFD_CLOEXEC));
    if (fd < 0)
        return -errno;
    int error = 0;
    for (size_t done = 0; done < len && !error;) {
        ssize_t wrote = write(fd, (const char *)data + done, len - done);
        if (wrote > 0)
            done += (size_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            error = wrote ? -errno : -EIO;
    }
    if (!error && lseek(fd, 0, SEEK_SET) < 0)
        error = -errno;
    if (!error)
        return fd;
    close(fd);
    return error;
}

int helper_read(const struct helper *helper, struct bytes *out)
{
    uint8_t chunk[READ_BYTES];
    ssize_t len = read(helper->output_fd, chunk, sizeof(chunk));
    if (len < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    bytes_put(out, chunk, (size_t)len);
    return out->error ? out->error : len > 0;
}

static int read_until(const struct helper *helper, int64_t deadline_ns, struct bytes *out)
{
    for (;;) {
        int got = helper_read(helper, out);
        if (got == 0 || (got < 0 && got != -EAGAIN))
            return got;
        int64_t left_ns = deadline_ns - clock_mono_ns();
        if (left_ns <= 0)
            return -ETIMEDOUT;
        struct pollfd readable = {.fd = helper->output_fd, .events = POLLIN};
        struct timespec left = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        if (ppoll(&readable, 1, &left, NULL) < 0 && errno != EINTR)
            return -errno;
    }
}

/* Until the helper, whose output has ended, has too. */
static void wait_for_end(const struct helper *helper, int64_t deadline_ns)
{
    struct pollfd ended = {.fd = helper->pidfd, .events = POLLIN};
    int64_t left_ns = deadline_ns - clock_mono_ns();
    if (left_ns > 0)
        poll(&ended, 1, (int)(left_ns / 1000000));
}

int helper_run(const struct helper_command *cmd, const void *input, size_t len, int64_t timeout_ns,
               struct bytes *out)
{
    int64_t deadline_ns = clock_mono_ns() + timeout_ns;
    int input_fd = helper_input(input, len);
    if (input_fd < 0)
        return input_fd;
    struct helper helper;
    int error = helper_start(cmd, input_fd, &helper);
    close(input_fd);
    if (error)
        return error;
    error = read_until(&helper, deadline_ns, out);
    if (error)
        helper_kill(&helper);
    if (helper.middle)
        wait_for_end(&helper, error ? clock_mono_ns() + NS_PER_S : deadline_ns);
    helper_close(&helper);
    return error;
}

static bool is_kept(const char *entry)
{
    static const char *const dropped[] = {"LD_", "PREFLAME", "MALLOC_", "GLIBC_TUNABLES="};
    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        if (strncmp(entry, dropped[i], strlen(dropped[i])) == 0)
            return false;
    return true;
}

char **helper_environment_new(const char *const *from)
{
    size_t count = 0, text_bytes = 0;
    for (size_t i = 0; from && from[i]; i++) {
        if (is_kept(from[i])) {
            count++;
            text_bytes += strlen(from[i]) + 1;
        }
    }
    char **copy = malloc((count + 1) * sizeof(*copy) + text_bytes);
    if (!copy)
        return NULL;
    char *text = (char *)(copy + count + 1);
    size_t used = 0;
    for (size_t i = 0; used < count && from[i]; i++) {
        if (!is_kept(from[i]))
            continue;
        copy[used++] = text;
        text = stpcpy(text, from[i]) + 1;
    }
    copy[used] = NULL;
    return copy;
}
