/* A thread inside a blocking call, watched through /proc by plain system calls so that no hook is met on the
 * way. */
#include "storm.h"
#include "transcript.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEADLINE_NS (10 * NS_PER_S)

void blocked_nap(void)
{
    const struct timespec nap = {0, 1000000};
    int error = errno;
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &nap, NULL);
    errno = error;
}

bool thread_is_asleep(int tid)
{
    char path[64];
    char text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    int error = errno;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        errno = error;
        return false;
    }
    long len = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    errno = error;
    text[len > 0 ? len : 0] = '\0';
    const char *behind_name = strrchr(text, ')');
    return behind_name != NULL && strncmp(behind_name, ") S", 3) == 0;
}

static void on_cleanup(void *arg)
{
    struct blocked_thread *b = arg;
    atomic_store(&b->has_cleaned, true);
}

static void *blocked_main(void *arg)
{
    struct blocked_thread *b = arg;
    storm_here();
    pthread_cleanup_push(on_cleanup, b);
    if (b->is_asynchronous) {
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL); /* NOLINT(cert-pos47-c) */
    }
    atomic_store(&b->tid, (int)syscall(SYS_gettid));
    if (b->is_cancel_pending) {
        pthread_cancel(pthread_self());
    }
    errno = 0;
    b->result = b->call(b->where);
    b->error = errno;
    atomic_store(&b->is_done, true);
    pthread_cleanup_pop(0);
    return NULL;
}

void blocked_start(struct blocked_thread *b)
{
    int error = pthread_create(&b->thread, NULL, blocked_main, b);
    if (error != 0) {
        transcript_line("cannot start a thread: %s", strerror(error));
        _exit(3);
    }
}

bool blocked_until_asleep(struct blocked_thread *b)
{
    int64_t deadline_ns = clock_mono_ns() + DEADLINE_NS;
    while (clock_mono_ns() < deadline_ns) {
        int tid = atomic_load(&b->tid);
        if (atomic_load(&b->is_done) || (tid != 0 && thread_is_asleep(tid))) {
            return true;
        }
        blocked_nap();
    }
    transcript_line("the thread never blocked");
    return false;
}

void blocked_interrupt(struct blocked_thread *b)
{
    /* Asleep is not yet asleep in the call under test: repeat until the call itself is over. */
    while (!atomic_load(&b->is_done) && blocked_until_asleep(b)) {
        pthread_kill(b->thread, b->signal != 0 ? b->signal : SIGUSR1);
        blocked_nap();
    }
    blocked_join(b);
}

bool blocked_cancel(struct blocked_thread *b)
{
    blocked_until_asleep(b);
    pthread_cancel(b->thread);
    return blocked_join(b);
}

bool blocked_join(struct blocked_thread *b)
{
    void *result = NULL;
    pthread_join(b->thread, &result);
    return result == PTHREAD_CANCELED;
}
