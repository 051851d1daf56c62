/* The wake-up from another thread. That thread has no descriptor which leads here, and must not keep one: the
 * program would see it, and could close it. So the loop watches a pipe in its own table, and the stopper
 * opens that pipe anew by the serving thread's folder in /proc, writes, and closes it at once.
 *
 * What would be worse: a signal read by a signalfd wakes our thread for every signal that any thread gets,
 * the profiler's own too; a connection to our own socket waits behind 64 clients; an eventfd made before the
 * tables part is always visible, and gone when the program closes all that it does not know. */
#include "exporters/http/stop.h"

#include "exporters/high_fd.h"
#include "exporters/http/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define END_MS 1200 /* more than a companion gets */

enum { STOP_ALL = 'a', STOP_COMPANION = 'c' };

static void on_stop(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_server *server = context;
    char why;
    if (read(server->stop_fds[0], &why, 1) != 1)
        return;
    if (why == STOP_ALL) {
        event_base_loopbreak(server->base);
        return;
    }
    companion_end(server);
    companion_plan(server);
}

int stop_listen(struct http_server *server)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -errno;
    server->stop_fds[0] = high_fd(ends[0]);
    server->stop_fds[1] = high_fd(ends[1]);
    server->stop_event = event_new(server->base, server->stop_fds[0], EV_READ | EV_PERSIST, on_stop, server);
    if (!server->stop_event || event_add(server->stop_event, NULL))
        return -ENOMEM;
    snprintf(server->stop_path, sizeof(server->stop_path), "/proc/self/task/%ld/fd/%d", syscall(SYS_gettid),
             server->stop_fds[1]);
    atomic_store(&server->is_serving, true);
    return 0;
}

void stop_ignore(struct http_server *server)
{
    atomic_store(&server->is_serving, false);
    if (server->stop_event)
        event_free(server->stop_event);
    server->stop_event = NULL;
    for (int i = 0; i < 2; i++) {
        if (server->stop_fds[i] >= 0)
            close(server->stop_fds[i]);
        server->stop_fds[i] = -1;
    }
}

/* Whether the loop will read it. System calls, as our own hooks may stand before the functions. */
static bool wake(const struct http_server *server, char why)
{
    long fd = atomic_load(&server->is_serving)
                  ? syscall(SYS_openat, AT_FDCWD, server->stop_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                  : -1;
    if (fd < 0)
        return false;
    bool is_told = syscall(SYS_write, fd, &why, 1) == 1;
    syscall(SYS_close, fd);
    return is_told;
}

void http_server_stop(struct http_server *server)
{
    int kept_errno = errno;
    if (syscall(SYS_getpid) == server->pid) {
        atomic_store(&server->is_stopping, true);
        (void)wake(server, STOP_ALL);
    }
    errno = kept_errno;
}

void http_server_before_exec(struct http_server *server)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    int kept_errno = errno;
    /* Acquire: what the loop did to end it is done. */
    if (syscall(SYS_getpid) == server->pid &&
        atomic_load_explicit(&server->companion.is_our_child, memory_order_acquire) &&
        wake(server, STOP_COMPANION)) {
        for (int i = 0;
             i < END_MS && atomic_load_explicit(&server->companion.is_our_child, memory_order_acquire); i++)
            syscall(SYS_nanosleep, &pause, NULL);
    }
    errno = kept_errno;
}
