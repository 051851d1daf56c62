/* Starting a process that the program never sees. Between clone and exec: raw system calls only, no locks, no
 * malloc. */
#include "exporters/helper.h"

#include "exporters/helper_middle.h"
#include "exporters/high_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KERNEL_SIGSET_BYTES 8
#define SIGNAL_COUNT 64
#define LAST_FD_GUESS 65536 /* where to stop closing on a kernel without close_range */

/* Lives on the caller's stack, which the helper shares; the caller waits until it is gone from it. */
struct start {
    const struct helper_command *cmd;
    int input_fd, output_fd, null_fd;
    int error; /* errno of the step that failed */
};

/* struct sigaction as the kernel has it, big enough for every architecture; all zero is SIG_DFL. */
static const uint64_t default_action[8];

static void reset_signals(void)
{
    for (long number = 1; number <= SIGNAL_COUNT; number++)
        syscall(SYS_rt_sigaction, number, default_action, NULL, KERNEL_SIGSET_BYTES);
}

static void reset_limits(const struct start *start)
{
    static const uint64_t no_core[2] = {0, 0};
    static const struct sched_param ordinary = {.sched_priority = 0};
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, no_core, NULL);
    syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &ordinary);
    long nice_now = 20 - syscall(SYS_getpriority, PRIO_PROCESS, 0);
    syscall(SYS_setpriority, PRIO_PROCESS, 0, nice_now + start->cmd->nice_add);
}

/* Puts the three descriptors at 0, 1 and 2, whatever numbers they have now, and closes all others. */
static bool place_descriptors(const struct start *start)
{
    long from[3] = {start->input_fd, start->output_fd, start->null_fd};
    for (int i = 0; i < 3; i++) {
        from[i] = syscall(SYS_fcntl, from[i], F_DUPFD, 3);
        if (from[i] < 0)
            return false;
    }
    for (int i = 0; i < 3; i++)
        if (syscall(SYS_dup3, from[i], i, 0) < 0)
            return false;
    if (syscall(SYS_close_range, 3U, ~0U, 0) == 0)
        return true;
    for (int fd = 3; fd < LAST_FD_GUESS; fd++)
        syscall(SYS_close, fd);
    return true;
}

/* The helper itself, up to exec. */
static int helper_main(void *arg)
{
    struct start *start = arg;
    static const uint64_t empty_mask;
    static char *const empty_env[] = {NULL};
    char *const *env = start->cmd->env ? (char *const *)start->cmd->env : empty_env;
    syscall(SYS_setsid);
    reset_signals();
    reset_limits(start);
    if (place_descriptors(start) && syscall(SYS_chdir, "/") == 0) {
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &empty_mask, NULL, KERNEL_SIGSET_BYTES);
        syscall(SYS_execve, start->cmd->argv[0], start->cmd->argv, env);
    }
    start->error = errno;
    syscall(SYS_exit_group, 127);
    return 127;
}

int helper_start(const struct helper_command *cmd, int input_fd, struct helper *ret)
{
    int kept_errno = errno;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    struct helper helper = {.pidfd = -1, .output_fd = high_fd(ends[0])};
    struct start start = {.cmd = cmd, .input_fd = input_fd, .output_fd = high_fd(ends[1])};
    start.null_fd = high_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
    int error = start.null_fd < 0 ? -errno : 0;
    if (!error)
        error = middle_start(helper_main, &start, &helper.pid, &helper.pidfd, &helper.middle);
    if (!error)
        error = -start.error;
    if (!error && fcntl(helper.output_fd, F_SETFL, O_NONBLOCK))
        error = -errno;
    close(start.output_fd);
    if (start.null_fd >= 0)
        close(start.null_fd);
    helper.pidfd = high_fd(helper.pidfd);
    if (error) {
        middle_leave(helper.middle, start.error != 0); /* its helper is gone, or nearly so */
        helper.middle = NULL;
        helper_close(&helper);
    } else {
        *ret = helper;
    }
    errno = kept_errno;
    return error;
}

static void send(const struct helper *helper, int number)
{
    if (helper->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, helper->pidfd, number, NULL, 0);
    else if (helper->pid > 0)
        kill(helper->pid, number);
}

void helper_kill(const struct helper *helper)
{
    send(helper, SIGKILL);
}

void helper_ask_end(const struct helper *helper)
{
    send(helper, SIGTERM);
}

static bool has_ended(const struct helper *helper)
{
    struct pollfd end = {.fd = helper->pidfd, .events = POLLIN};
    return helper->pidfd >= 0 && poll(&end, 1, 0) == 1;
}

void helper_close(struct helper *helper)
{
    middle_leave(helper->middle, has_ended(helper));
    if (helper->pidfd >= 0)
        close(helper->pidfd);
    if (helper->output_fd >= 0)
        close(helper->output_fd);
    *helper = (struct helper){.pidfd = -1, .output_fd = -1};
}

bool helper_reap(void)
{
    return middle_reap();
}
