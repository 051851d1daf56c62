/* Does what the malloc guard must catch: allocates in a handler of the sampling signal, three times. */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAMPLE_SIGNAL 33 /* glibc refuses it: it is set and sent by plain system calls */

static void *kept;

static void on_signal(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): the mistake that the guard must see */
    void *grown = realloc(kept, 100);
    if (grown)
        kept = grown;
}

int main(void)
{
    unsigned long action[4]; /* the kernel's: handler, flags, restorer, mask */
    signal(SIGUSR1, on_signal);
    syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, sizeof action[3]);
    syscall(SYS_rt_sigaction, SAMPLE_SIGNAL, action, NULL, sizeof action[3]);
    for (int i = 0; i < 3; i++) {
        syscall(SYS_tgkill, getpid(), gettid(), SAMPLE_SIGNAL);
    }
    free(kept);
    return 0;
}
