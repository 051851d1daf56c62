/* Jumps, and handlers that never return to what they interrupted. */
#include "transcript.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JUMPS = 40, EXITS = 10 };

_Noreturn void __longjmp_chk(struct __jmp_buf_tag place[1],
                             int value); /* what _FORTIFY_SOURCE makes of longjmp */

static jmp_buf plain;
static sigjmp_buf masked;
static volatile int steps;

static void plain_jumps(void)
{
    steps = 0;
    int value = setjmp(plain);
    steps++;
    if (value < 3) {
        longjmp(plain, value + 1);
    }
    transcript_line("setjmp, longjmp: %d steps, value %d", steps, value);
    steps = 0;
    value = (setjmp)(plain);
    steps++;
    if (value == 0) {
        longjmp(plain, 0); /* which stands for 1 */
    }
    transcript_line("setjmp as a function: %d steps, value %d", steps, value);
    steps = 0;
    value = _setjmp(plain);
    steps++;
    if (value < 2) {
        _longjmp(plain, value + 1);
    }
    transcript_line("_setjmp, _longjmp: %d steps, value %d", steps, value);
    steps = 0;
    value = _setjmp(plain);
    steps++;
    if (value < 2) {
        __longjmp_chk(plain, value + 1);
    }
    transcript_line("__longjmp_chk: %d steps, value %d", steps, value);
}

static bool is_blocked(int number)
{
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, number) == 1;
}

static void masks(void)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    for (int keeps = 0; keeps < 2; keeps++) {
        if (sigsetjmp(masked, keeps) == 0) {
            sigprocmask(SIG_BLOCK, &one, NULL);
            siglongjmp(masked, 1);
        }
        transcript_line("sigsetjmp %s the mask: SIGUSR2 is %s", keeps != 0 ? "with" : "without",
                        is_blocked(SIGUSR2) ? "blocked" : "open");
        sigprocmask(SIG_UNBLOCK, &one, NULL);
    }
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Waits and reads without end: what a handler comes into the middle of. */
static _Noreturn void work(void)
{
    for (;;) {
        (void)pthread_mutex_trylock(&lock); /* always busy: contention to tell of */
        usleep(20);
    }
}

static void interrupt_after(int us)
{
    const struct itimerval soon = {{0, 0}, {0, us}};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void leave_by_jump(int number)
{
    (void)number;
    siglongjmp(masked, 1);
}

static void jump_away(void)
{
    volatile int jumps = 0;
    signal(SIGALRM, leave_by_jump);
    while (jumps < JUMPS) {
        if (sigsetjmp(masked, 1) == 0) {
            interrupt_after(500 + 13 * jumps);
            work();
        }
        jumps++;
    }
}

static void leave_by_exit(int number)
{
    (void)number;
    exit(24); /* NOLINT(bugprone-signal-handler,cert-sig30-c): the call under test */
}

static void exits_in_handlers(void)
{
    int good = 0;
    for (int i = 0; i < EXITS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(SIGALRM, leave_by_exit);
            interrupt_after(1500 + 37 * i);
            work();
        }
        int status = 0;
        good += waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 24;
    }
    transcript_line("%d of %d exits in handlers ended well", good, EXITS);
}

static void *jumping_thread(void *arg)
{
    *(volatile int *)arg = 0;
    if (setjmp(plain) < 5) {
        (*(volatile int *)arg)++;
        longjmp(plain, *(volatile int *)arg);
    }
    return arg;
}

int main(void)
{
    transcript_begin();
    pthread_mutex_lock(&lock);
    plain_jumps();
    masks();
    jump_away();
    signal(SIGALRM, SIG_DFL);
    transcript_line("jumped out of %d handlers; SIGALRM is %s", JUMPS,
                    is_blocked(SIGALRM) ? "blocked" : "open");
    pthread_t thread;
    int jumps = 0;
    pthread_create(&thread, NULL, jumping_thread, &jumps);
    pthread_join(thread, NULL);
    transcript_line("a thread jumped %d times", jumps);
    exits_in_handlers();
    transcript_line("the mutex is still %s", pthread_mutex_trylock(&lock) == EBUSY ? "locked" : "free");
    transcript_line("unlocking it = %d", pthread_mutex_unlock(&lock));
    transcript_line("no child is left: %s", waitpid(-1, NULL, 0) == -1 && errno == ECHILD ? "yes" : "no");
    alarm(60);
    return 0;
}
