/* Calls that may hang for ever, made in a child process that is killed when its time is up. */
#include "viewer/session/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int guard_wait_child(int pid, int timeout_ms, int *ret_status)
{
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid_fd < 0)
        return -errno;
    struct pollfd ended = {.fd = pid_fd, .events = POLLIN};
    int ready = 0;
    /* A signal only makes the wait longer by what was waited; our signals are blocked, so it's rare. */
    while ((ready = poll(&ended, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    int status = ready < 0 ? -errno : 0;
    close(pid_fd);
    if (status < 0)
        return status;
    if (ready == 0)
        return -ETIMEDOUT;
    return waitpid(pid, ret_status, 0) == pid ? 0 : -errno;
}

/* The libraries we guard print their own complaints; ours is the one line that users see. */
static void silence(void)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null_fd >= 0 && fd <= 2; fd++)
        dup2(null_fd, fd);
}

static void run_in_child(int (*work)(void *data), void *data, int *shared_result)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    silence();
    *shared_result = work(data);
    _exit(0);
}

int guard_call(int (*work)(void *data), void *data, int deadline_ms)
{
    int *shared_result = guard_memory_new(sizeof(*shared_result));
    if (!shared_result)
        return -ENOMEM;
    pid_t pid = fork();
    if (pid == 0)
        run_in_child(work, data, shared_result);
    int result = pid < 0 ? -errno : 0;
    int status = 0;
    if (pid > 0)
        result = guard_wait_child(pid, deadline_ms, &status);
    if (pid > 0 && result < 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    } else if (pid > 0) {
        result = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? *shared_result : -EFAULT;
    }
    guard_memory_free(shared_result, sizeof(*shared_result));
    return result;
}

void *guard_memory_new(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void guard_memory_free(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}
