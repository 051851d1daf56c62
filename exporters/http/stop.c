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

static void on_stop(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct http_server *server = context;
    event_base_loopbreak(server->base);
}

int stop_listen(struct http_server *server)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return -errno;
    server->stop_fds[0] = high_fd(ends[0]);
    server->stop_fds[1] = high_fd(ends[1]);
    server->stop_event = event_new(server->base, server->stop_fds[0], EV_READ, on_stop, server);
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

void http_server_stop(struct http_server *server)
{
    int kept_errno = errno;
    if (syscall(SYS_getpid) == server->pid) {
        atomic_store(&server->is_stopping, true);
        /* System calls, as our own hooks may stand before the functions. */
        long fd = atomic_load(&server->is_serving)
                      ? syscall(SYS_openat, AT_FDCWD, server->stop_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
                      : -1;
        if (fd >= 0) {
            (void)!syscall(SYS_write, fd, "", 1);
            syscall(SYS_close, fd);
        }
    }
    errno = kept_errno;
}
