/* Every interposed wait for a child: success, failure, EINTR and cancellation. */
#include "transcript.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static int place_child_that_ends(void)
{
    child = fork();
    if (child == 0) {
        _exit(7);
    }
    return 1;
}

static int place_child_that_stays(void)
{
    child = fork();
    if (child == 0) {
        alarm(30); /* never outlives a test that fails */
        for (;;) {
            pause();
        }
    }
    return 1;
}

static int place_no_child(void)
{
    return 0;
}

static void release_child(void)
{
    if (child > 0) {
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {
        }
    }
    child = 0;
}

/* Pids differ from run to run: the result is whether it was the child, and its status. */
static long judged(pid_t pid, const int *status)
{
    if (pid == -1) {
        return -1;
    }
    if (pid != child) {
        return 9999;
    }
    child = 0;
    return WIFEXITED(*status) ? WEXITSTATUS(*status) : 1000 + WTERMSIG(*status);
}

static long call_wait(int where)
{
    (void)where;
    int status = 0;
    return judged(wait(&status), &status);
}

static long call_waitpid(int where)
{
    (void)where;
    int status = 0;
    return judged(waitpid(-1, &status, 0), &status);
}

static long call_wait3(int where)
{
    (void)where;
    int status = 0;
    struct rusage usage;
    return judged(wait3(&status, 0, &usage), &status);
}

static long call_wait4(int where)
{
    int status = 0;
    return judged(wait4(where != 0 ? child : -1, &status, 0, NULL), &status);
}

static long call_waitid(int where)
{
    (void)where;
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_ALL, 0, &info, WEXITED) == -1) {
        return -1;
    }
    int status = info.si_status << 8;
    return judged(info.si_pid, &status);
}

#define BOTH (CALL_IS_INTERRUPTED | CALL_IS_CANCELLED)
#define ROW(name, call)                                                                                      \
    {                                                                                                        \
        name, call, place_child_that_ends, place_no_child, place_child_that_stays, release_child, BOTH       \
    }

static const struct call_row rows[] = {
    ROW("wait", call_wait),   ROW("waitpid", call_waitpid), ROW("wait3", call_wait3),
    ROW("wait4", call_wait4), ROW("waitid", call_waitid),
};

int main(void)
{
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    TRANSCRIPT_CALL("waitpid", "no child, no wait", waitpid(-1, NULL, WNOHANG));
    return 0;
}
