/* clone and the system calls below it, with flags of many kinds; what is shared is shared, the rest is not.
 */
#include "transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024, TIMES = 4, CHILD_FD = 77 };

static int shared_word;
static char *stack;

static int wait_for(pid_t pid, unsigned options)
{
    int status = 0;
    while (waitpid(pid, &status, (int)options) == -1) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void on_child_signal(int number)
{
    (void)number;
}

/* What a child may do whatever it shares: change its mask and its handlers, wait, write, open a descriptor.
 */
static int child_main(void *arg)
{
    sigset_t all;
    const struct timespec moment = {0, 2000000};
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_child_signal;
    sigaction(SIGUSR2, &action, NULL);
    nanosleep(&moment, NULL);
    shared_word++;
    return dup2(1, CHILD_FD) < 0 ? 80 : 40 + (arg != NULL);
}

/* The parent's view after a child: mask, handler, memory, descriptors. */
static void report(const char *name, pid_t pid, unsigned options)
{
    int status = pid == -1 ? -errno : wait_for(pid, options);
    sigset_t mask;
    struct sigaction action;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigaction(SIGUSR2, NULL, &action);
    bool has_fd = close(CHILD_FD) == 0;
    transcript_line("%s: status %d; memory %s, handlers %s, descriptors %s, mask %s", name, status,
                    shared_word != 0 ? "shared" : "apart",
                    action.sa_handler == on_child_signal ? "shared" : "apart", has_fd ? "shared" : "apart",
                    sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGSTKFLT) ? "shared" : "apart");
    shared_word = 0;
    signal(SIGUSR2, SIG_DFL);
}

static const struct {
    const char *name;
    unsigned flags;
    unsigned wait_options;
} kinds[] = {
    {"clone SIGCHLD", SIGCHLD, 0},
    {"clone without a signal", 0, __WCLONE},
    {"clone FILES", CLONE_FILES | SIGCHLD, 0},
    {"clone FS|FILES", CLONE_FS | CLONE_FILES | SIGCHLD, 0},
    {"clone VM", CLONE_VM | SIGCHLD, 0},
    {"clone VM|FILES", CLONE_VM | CLONE_FILES | SIGCHLD, 0},
    {"clone VM|VFORK", CLONE_VM | CLONE_VFORK | SIGCHLD, 0},
    {"clone VFORK", CLONE_VFORK | SIGCHLD, 0},
    {"clone VM|FS|FILES|SIGHAND", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, 0},
    {"clone VM without a signal", CLONE_VM, __WCLONE},
};

static void clones(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        for (int k = 0; k < 2; k++) {
            pid_t pid = clone(child_main, stack + STACK_BYTES, (int)kinds[i].flags, k != 0 ? stack : NULL);
            report(kinds[i].name, pid, kinds[i].wait_options);
        }
    }
    TRANSCRIPT_CALL("clone", "without a function", clone(NULL, stack + STACK_BYTES, SIGCHLD, NULL));
    TRANSCRIPT_CALL("clone", "with senseless flags",
                    clone(child_main, stack + STACK_BYTES, CLONE_THREAD | SIGCHLD, NULL));
}

static void clone_words(void)
{
    int parent_tid = 0, child_tid = 0, pidfd = -1;
    pid_t pid = clone(child_main, stack + STACK_BYTES, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD,
                      NULL, &parent_tid, NULL, &child_tid);
    transcript_line("clone tells the parent the child's id: %s", parent_tid == pid ? "yes" : "no");
    report("clone SETTID", pid, 0);
    pid = clone(child_main, stack + STACK_BYTES, CLONE_PIDFD | SIGCHLD, NULL, &pidfd);
    transcript_line("clone gives a pidfd: %s", fcntl(pidfd, F_GETFD) != -1 ? "yes" : "no");
    report("clone PIDFD", pid, 0);
    close(pidfd);
}

static void *return_argument(void *arg)
{
    return arg;
}

/* A process made behind libc's back, with memory of its own. */
static _Noreturn void raw_child(int way)
{
    int status = child_main(NULL);
    pthread_t thread;
    void *result = NULL;
    if (way == 0) {
        _exit(status);
    }
    char *text = malloc(3000);
    memset(text, 'x', 3000);
    free(text);
    if (pthread_create(&thread, NULL, return_argument, &result) != 0 || pthread_join(thread, &result) != 0) {
        _exit(81);
    }
    pid_t pid = fork();
    if (pid == 0) {
        _exit(23);
    }
    exit(wait_for(pid, 0) == 23 ? status : 82);
}

static long raw_clone(void)
{
    return syscall(SYS_clone, (long)SIGCHLD, NULL, NULL, NULL, 0L);
}

static long raw_fork(void)
{
    return syscall(SYS_fork);
}

static long raw_clone3(void)
{
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.exit_signal = SIGCHLD;
    return syscall(SYS_clone3, &args, sizeof args);
}

static void raw_forks(void)
{
    static const struct {
        const char *name;
        long (*make)(void);
    } ways[] = {
        {"SYS_clone", raw_clone},
        {"SYS_fork", raw_fork},
        {"SYS_clone3", raw_clone3},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        for (int way = 0; way < 2; way++) {
            long pid = ways[i].make();
            if (pid == 0) {
                raw_child(way);
            }
            report(ways[i].name, (pid_t)pid, 0);
        }
    }
}

/* A system call for a child on a new stack, which no C function can make: it runs child_main there and exits.
 */
static pid_t raw_clone_on_stack(unsigned long flags)
{
    long result;
    uint64_t *top = (uint64_t *)(void *)(stack + STACK_BYTES) - 3; /* aligned once it is popped */
    top[0] = (uint64_t)(uintptr_t)child_main;
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%edi, %%edi\n\t"
                     "popq %%rax\n\t"
                     "call *%%rax\n\t"
                     "movl %%eax, %%edi\n\t"
                     "movl %[exit], %%eax\n\t"
                     "syscall\n"
                     "1:"
                     : "=a"(result)
                     : "0"((long)SYS_clone), "D"(flags), "S"(top), "d"(0L), "r"(r10),
                       "r"(r8), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory");
    return (pid_t)result;
}

static void raw_clones(void)
{
    report("assembly SIGCHLD", raw_clone_on_stack(SIGCHLD), 0);
    report("assembly VM|VFORK", raw_clone_on_stack(CLONE_VM | CLONE_VFORK | SIGCHLD), 0);
    report("assembly VM", raw_clone_on_stack(CLONE_VM | SIGCHLD), 0);
}

static atomic_bool is_over;

static void *burn(void *arg)
{
    while (!atomic_load(&is_over)) {
    }
    return arg;
}

/* The same, again and again, while a thread burns and is sampled. */
static void clones_among_threads(void)
{
    pthread_t thread;
    int good = 0;
    pthread_create(&thread, NULL, burn, NULL);
    for (int i = 0; i < TIMES; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
            pid_t pid = clone(child_main, stack + STACK_BYTES, (int)kinds[k].flags, NULL);
            good += pid > 0 && wait_for(pid, kinds[k].wait_options) == 40;
        }
        long pid = raw_clone();
        if (pid == 0) {
            _exit(child_main(NULL));
        }
        good += pid > 0 && wait_for((pid_t)pid, 0) == 40;
    }
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    transcript_line("among threads %d clones ended well", good);
}

int main(void)
{
    transcript_begin();
    stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    clones();
    clone_words();
    raw_forks();
    raw_clones();
    clones_among_threads();
    transcript_line("no child is left: %s",
                    waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD ? "yes" : "no");
    return 0;
}
