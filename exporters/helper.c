/* Starting a process that the program never sees. Between clone and exec: raw system calls only, no locks, no
 * malloc. */
#include "exporters/helper.h"

#include "exporters/high_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)64 * 1024) /* for each of the two processes */
#define KERNEL_SIGSET_BYTES 8
#define SIGNAL_COUNT 64
#define LAST_FD_GUESS 65536 /* where to stop closing on a kernel without close_range */

/* glibc's clone under its other name: `clone` itself is wrapped by libraries that follow forks
 * (lttng-ust-fork, ThreadSanitizer), whose work in a child that shares our memory would be done to us. */
int __clone(int (*main_function)(void *), void *stack, int flags, void *arg, ...);

/* Lives on the caller's stack; both children share its memory, and it waits until they are gone from it. */
struct start {
    const struct helper_command *cmd;
    int input_fd, output_fd, null_fd;
    uint8_t *stacks;
    pid_t pid;
    int pidfd;
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

/* The process in between. It shares our descriptor table, so that the pidfd arrives in it. */
static int middle_main(void *arg)
{
    struct start *start = arg;
    pid_t pid = __clone(helper_main, start->stacks + 2 * STACK_BYTES,
                        CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, start, &start->pidfd);
    if (pid < 0)
        start->error = errno;
    else
        start->pid = pid;
    /* Before we leave, it is still our child and nobody else's. */
    if (pid > 0 && !start->error && start->cmd->announce)
        start->cmd->announce(pid);
    syscall(SYS_exit_group, 0);
    return 0;
}

/* Runs the middle process to its end, with every signal held back: a handler of the program must not run in a
 * child that shares its memory. */
static int run_middle(struct start *start)
{
    static const uint64_t full_mask = ~UINT64_C(0);
    uint64_t kept_mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &full_mask, &kept_mask, KERNEL_SIGSET_BYTES);
    pid_t middle =
        __clone(middle_main, start->stacks + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_FILES, start);
    int error = middle < 0 ? -errno : 0;
    while (middle > 0 && syscall(SYS_wait4, middle, NULL, __WCLONE, NULL) < 0 && errno == EINTR)
        ;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kept_mask, NULL, KERNEL_SIGSET_BYTES);
    return error ? error : -start->error;
}

static int start_with_stacks(struct start *start)
{
    size_t size = 2 * STACK_BYTES;
    void *stacks = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stacks == MAP_FAILED)
        return -errno;
    start->stacks = stacks;
    int error = run_middle(start);
    munmap(stacks, size);
    return error;
}

int helper_start(const struct helper_command *cmd, int input_fd, struct helper *ret)
{
    int kept_errno = errno;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    struct start start = {.cmd = cmd, .input_fd = input_fd, .pidfd = -1};
    int output_fd = high_fd(ends[0]);
    start.output_fd = high_fd(ends[1]);
    start.null_fd = high_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
    int error = start.null_fd < 0 ? -errno : start_with_stacks(&start);
    if (!error && fcntl(output_fd, F_SETFL, O_NONBLOCK))
        error = -errno;
    close(start.output_fd);
    if (start.null_fd >= 0)
        close(start.null_fd);
    struct helper helper = {.pid = start.pid, .pidfd = high_fd(start.pidfd), .output_fd = output_fd};
    if (error)
        helper_close(&helper);
    else
        *ret = helper;
    errno = kept_errno;
    return error;
}

void helper_kill(const struct helper *helper)
{
    if (helper->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, helper->pidfd, SIGKILL, NULL, 0);
    else if (helper->pid > 0)
        kill(helper->pid, SIGKILL);
}

/* By pidfd: the number may belong to another child of the program by now. */
static void reap_if_ours(int pidfd)
{
    siginfo_t info = {0};
    if (pidfd < 0 || waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT))
        return; /* ECHILD: the usual case, PID 1 reaps it */
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    poll(&ended, 1, 1000);
    waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}

void helper_close(struct helper *helper)
{
    reap_if_ours(helper->pidfd);
    if (helper->pidfd >= 0)
        close(helper->pidfd);
    if (helper->output_fd >= 0)
        close(helper->output_fd);
    *helper = (struct helper){.pidfd = -1, .output_fd = -1};
}
