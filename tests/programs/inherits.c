/* inherits [subreaper]: a program that gets the orphans of its descendants (as PID 1, or because it asks to).
 * Computes and looks for children until a line comes on stdin; prints what it saw of any as JSON. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int signals;

static void on_child(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

__attribute__((noinline)) static unsigned compute(unsigned value)
{
    for (int i = 0; i < 100000; i++) {
        value = value * 1103515245U + 12345U;
    }
    return value;
}

int main(int argc, char **argv)
{
    int children = 0;
    unsigned value = 1;
    char byte;
    signal(SIGCHLD, on_child);
    if (argc > 1 && strcmp(argv[1], "subreaper") == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        return 1;
    }
    fcntl(0, F_SETFL, O_NONBLOCK);
    printf("ready\n");
    fflush(stdout);
    alarm(60);
    while (read(0, &byte, 1) != 1) {
        value = compute(value);
        siginfo_t info;
        children += waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != -1;
        children += waitpid(-1, NULL, WNOHANG) != -1;
    }
    printf("{\"children\": %d, \"signals\": %d, \"odd\": %u}\n", children, atomic_load(&signals), value & 1U);
    return 0;
}
