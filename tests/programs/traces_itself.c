/* traces_itself: records itself by the public API, twice, into folders below the one that it stands in, tells
 * a counter meanwhile, and prints what every call answered. traces_itself forever: starts a trace, says so by
 * a file `told`, and goes on until it is killed. traces_itself dump: asks for a dump, and prints the answer.
 */
#include "preflame/preflame.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAY(call) printf("%s = %d\n", #call, call)

static void tell(int from, int to)
{
    for (int i = from; i < to; i++)
        preflame_counter("order", i);
}

static int go_on_for_ever(void)
{
    if (preflame_trace_start("cut"))
        return 1;
    for (int i = 0;; i++) {
        tell(i, i + 1);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        if (i == 100)
            close(open("told", O_WRONLY | O_CREAT, 0600));
    }
}

static int record_twice(void)
{
    char path[4096], here[4000];
    if (!getcwd(here, sizeof(here)))
        return 1;
    snprintf(path, sizeof(path), "%s/first", here);
    SAY(preflame_trace_stop());
    SAY(preflame_trace_start(NULL));
    SAY(preflame_trace_start(""));
    SAY(preflame_trace_start("/proc/nowhere/trace"));
    tell(-100, 0);
    SAY(preflame_trace_start(path));
    SAY(preflame_trace_start("second"));
    tell(0, 1000);
    SAY(preflame_trace_stop());
    SAY(preflame_trace_stop());
    SAY(preflame_trace_start(path));
    tell(1000, 2000);
    SAY(preflame_trace_start("second"));
    tell(2000, 3000);
    SAY(preflame_trace_stop());
    SAY(preflame_trace_dump());
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return record_twice();
    if (strcmp(argv[1], "forever") == 0)
        return go_on_for_ever();
    tell(0, 1000);
    SAY(preflame_trace_dump());
    tell(1000, 2000);
    return 0;
}
