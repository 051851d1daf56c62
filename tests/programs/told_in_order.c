/* told_in_order N: tells a counter the numbers from 0 on, N of them. told_in_order crash: goes on telling it,
 * until there is a file `crash`, says so, and dies of SIGSEGV; a file `told` says that it is at it. */
#include "preflame/preflame.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void tell_and_crash(void)
{
    for (long i = 0; access("crash", F_OK); i++) {
        preflame_counter("order", (double)i);
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        if (i == 1000)
            close(open("told", O_WRONLY | O_CREAT, 0600));
    }
    preflame_log(0, "end", "about to crash");
    raise(SIGSEGV);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    if (strcmp(argv[1], "crash") == 0)
        tell_and_crash();
    for (long i = 0; i < atol(argv[1]); i++)
        preflame_counter("order", (double)i);
    return 0;
}
