/* The fortified forms that _FORTIFY_SOURCE calls: the same scenarios, and the abort on an overflow. */
#include "places.h"
#include "transcript.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* libc exports these without declaring them for direct use. */
ssize_t __read_chk(int fd, void *to, size_t len, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t len, size_t room, int flags, struct sockaddr *from,
                       socklen_t *from_len);
ssize_t __pread_chk(int fd, void *to, size_t len, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *to, size_t len, off64_t offset, size_t room);
int __poll_chk(struct pollfd *items, nfds_t count, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *items, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                size_t room);

static char buffer[64];
static size_t len = sizeof buffer;
static nfds_t item_count = 1;

static long call_read_chk(int fd)
{
    return __read_chk(fd, buffer, len, sizeof buffer);
}

static long call_recv_chk(int fd)
{
    return __recv_chk(fd, buffer, len, sizeof buffer, 0);
}

static long call_recvfrom_chk(int fd)
{
    return __recvfrom_chk(fd, buffer, len, sizeof buffer, 0, NULL, NULL);
}

static long call_pread_chk(int fd)
{
    return __pread_chk(fd, buffer, len, 3, sizeof buffer);
}

static long call_pread64_chk(int fd)
{
    return __pread64_chk(fd, buffer, len, 3, sizeof buffer);
}

static long call_poll_chk(int fd)
{
    struct pollfd items[2] = {{fd, POLLIN, 0}, {fd, POLLIN, 0}};
    return __poll_chk(items, item_count, -1, sizeof items);
}

static long call_ppoll_chk(int fd)
{
    struct pollfd items[2] = {{fd, POLLIN, 0}, {fd, POLLIN, 0}};
    return __ppoll_chk(items, item_count, NULL, NULL, sizeof items);
}

#define BOTH (CALL_IS_INTERRUPTED | CALL_IS_CANCELLED)

static const struct call_row rows[] = {
    {"__read_chk", call_read_chk, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"__recv_chk", call_recv_chk, place_ready_socket, place_ready_pipe, place_empty_socket, places_release,
     BOTH},
    {"__recvfrom_chk", call_recvfrom_chk, place_ready_socket, place_closed, place_empty_socket,
     places_release, BOTH},
    {"__pread_chk", call_pread_chk, place_file, place_ready_pipe, NULL, places_release, CALL_IS_CANCELLED},
    {"__pread64_chk", call_pread64_chk, place_file, place_closed, NULL, places_release, CALL_IS_CANCELLED},
    {"__poll_chk", call_poll_chk, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"__ppoll_chk", call_ppoll_chk, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
};

/* A length beyond the buffer must still end the program: checked in a child. */
static void overflow(const struct call_row *row)
{
    pid_t pid = fork();
    if (pid == 0) {
        int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, 2);
        len = sizeof buffer + 1;
        item_count = 3;
        row->call(row->ready());
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    transcript_line("%s beyond the buffer: %s", row->name,
                    WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? "aborted" : "went on");
}

int main(void)
{
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        overflow(&rows[i]);
    }
    return 0;
}
