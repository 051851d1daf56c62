/* Between clone and exec: raw system calls only, no locks, no malloc. A middle that stays runs beside its
 * creator with that one's thread-local storage: it may not even set errno. */
#include "exporters/helper_middle.h"

#include <errno.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define STACK_BYTES ((size_t)64 * 1024) /* for each of the two processes */
#define KERNEL_SIGSET_BYTES 8
#define LAST_FD_GUESS 65536 /* where to stop closing on a kernel without close_range */

/* glibc's clone under its other name: `clone` itself is wrapped by libraries that follow forks
 * (lttng-ust-fork, ThreadSanitizer), whose work in a child that shares our memory would be done to us. */
int __clone(int (*main_function)(void *), void *stack, int flags, void *arg, ...);

/* Begins the mapping that holds the stacks, too: it is there as long as the middle process. */
struct middle {
    int (*helper_main)(void *);
    void *arg;
    pid_t pid, helper_pid;
    int helper_pidfd;
    int error; /* errno of what failed */
    bool stays;
    _Atomic uint32_t is_up; /* futex: the helper is on its own, or has failed */
    struct middle *next;    /* of those left */
    _Alignas(16) uint8_t stacks[2][STACK_BYTES];
};

static _Atomic(struct middle *) left; /* given up, and perhaps not done */

/* A system call that leaves errno alone: its result, or the negative error. */
static long raw_call(long number, long a, long b, long c, long d)
{
    register long fourth __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}

/* Holds nothing of the program's open, and waits for the helper's end. */
static void stay(void)
{
    if (raw_call(SYS_close_range, 0, (long)UINT32_MAX, CLOSE_RANGE_UNSHARE, 0) < 0 &&
        raw_call(SYS_unshare, CLONE_FILES, 0, 0, 0) == 0) {
        for (long fd = 0; fd < LAST_FD_GUESS; fd++)
            raw_call(SYS_close, fd, 0, 0, 0);
    }
    raw_call(SYS_chdir, (long)(uintptr_t) "/", 0, 0, 0);
    while (raw_call(SYS_wait4, -1, 0, 0, 0) != -ECHILD)
        ;
}

/* It shares our descriptor table at first, so that the pidfd arrives in it. */
static int middle_main(void *arg)
{
    /* struct sigaction as the kernel has it, SIG_IGN first: ended children are no zombies, and their times
     * are added to nobody's. */
    static const uint64_t ignored[8] = {1};
    struct middle *middle = arg;
    raw_call(SYS_setsid, 0, 0, 0, 0);
    raw_call(SYS_rt_sigaction, SIGCHLD, (long)(uintptr_t)ignored, 0, KERNEL_SIGSET_BYTES);
    middle->helper_pid =
        __clone(middle->helper_main, middle->stacks[2], CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                middle->arg, &middle->helper_pidfd);
    if (middle->helper_pid < 0)
        middle->error = errno;
    if (middle->stays) {
        atomic_store_explicit(&middle->is_up, 1, memory_order_release);
        raw_call(SYS_futex, (long)(uintptr_t)&middle->is_up, FUTEX_WAKE_PRIVATE, 1, 0);
        stay();
    }
    raw_call(SYS_exit_group, 0, 0, 0, 0);
    return 0;
}

/* Does a process whose parent ends become our child? */
static bool inherits_orphans(void)
{
    int is_subreaper = 0;
    return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper);
}

/* Until a middle that stays has started the helper, or is gone. */
static void wait_until_up(struct middle *middle)
{
    const struct timespec look = {.tv_nsec = 100000000};
    while (!atomic_load_explicit(&middle->is_up, memory_order_acquire)) {
        syscall(SYS_futex, &middle->is_up, FUTEX_WAIT_PRIVATE, 0, &look, NULL, 0);
        if (syscall(SYS_wait4, (long)middle->pid, NULL, (long)(__WCLONE | WNOHANG), NULL) != middle->pid)
            continue;
        middle->pid = -1;
        if (!atomic_load_explicit(&middle->is_up, memory_order_acquire))
            middle->error = ESRCH; /* somebody killed it */
        return;
    }
}

/* Whether it is gone. */
static bool reap(const struct middle *middle, bool waits)
{
    long pid;
    if (middle->pid < 0)
        return true;
    do {
        pid = syscall(SYS_wait4, (long)middle->pid, NULL, (long)(__WCLONE | (waits ? 0 : WNOHANG)), NULL);
    } while (pid < 0 && errno == EINTR);
    return pid != 0;
}

/* With every signal held back: a handler of the program must not run in a child that shares its memory. */
static void run(struct middle *middle)
{
    static const uint64_t full_mask = ~UINT64_C(0);
    uint64_t kept_mask = 0;
    int flags = CLONE_VM | CLONE_FILES | (middle->stays ? 0 : CLONE_VFORK);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &full_mask, &kept_mask, KERNEL_SIGSET_BYTES);
    middle->pid = __clone(middle_main, middle->stacks[1], flags, middle);
    if (middle->pid < 0)
        middle->error = errno;
    else if (middle->stays)
        wait_until_up(middle);
    if (!middle->stays || middle->error)
        (void)reap(middle, true);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kept_mask, NULL, KERNEL_SIGSET_BYTES);
}

/* Neither process has returned from the functions that its stack held: AddressSanitizer's marks of their
 * frames must not be met by who gets the addresses next. */
static void unmap(struct middle *middle)
{
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(middle, sizeof(*middle));
#endif
    munmap(middle, sizeof(*middle));
}

int middle_start(int (*helper_main)(void *), void *arg, pid_t *ret_pid, int *ret_pidfd,
                 struct middle **ret_middle)
{
    struct middle *middle =
        mmap(NULL, sizeof(*middle), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (middle == MAP_FAILED)
        return -errno;
    middle->helper_main = helper_main;
    middle->arg = arg;
    middle->helper_pidfd = -1;
    middle->stays = inherits_orphans();
    run(middle);
    int error = middle->error;
    bool is_over = error || !middle->stays;
    *ret_pid = middle->helper_pid;
    *ret_pidfd = middle->helper_pidfd;
    *ret_middle = is_over ? NULL : middle;
    if (is_over)
        unmap(middle);
    return -error;
}

static void push(struct middle *middle)
{
    middle->next = atomic_load_explicit(&left, memory_order_relaxed);
    /* Release: publishes `next`. */
    while (!atomic_compare_exchange_weak_explicit(&left, &middle->next, middle, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

void middle_leave(struct middle *middle, bool has_ended)
{
    if (!middle)
        return;
    if (reap(middle, has_ended))
        unmap(middle);
    else
        push(middle);
}

bool middle_reap(void)
{
    struct middle *middle = atomic_exchange_explicit(&left, NULL, memory_order_acquire);
    while (middle) {
        struct middle *next = middle->next;
        middle_leave(middle, false);
        middle = next;
    }
    return atomic_load_explicit(&left, memory_order_relaxed) != NULL;
}
