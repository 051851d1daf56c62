/* labels_known FOLDER: burns CPU, waits for a lock and starts threads under labels, profiles itself by the
 * public API, and prints what every call answered. */
#include "preflame/preflame.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long turns;

static void burn(long ms)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    long end_ms = now.tv_sec * 1000 + now.tv_nsec / 1000000 + ms;
    do {
        for (int i = 0; i < 10000; i++)
            turns++;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < end_ms);
}

static void *nothing(void *arg)
{
    return arg;
}

#define SAY(call) printf("%s = %d\n", #call, call)

int main(int argc, char **argv)
{
    char path[4096];
    pthread_t thread;
    if (argc != 2)
        return 2;
    snprintf(path, sizeof(path), "%s/own.pprof", argv[1]);
    SAY(preflame_cpu_profile_stop());
    SAY(preflame_cpu_profile_start(path));
    SAY(preflame_cpu_profile_start(path));
    SAY(preflame_label_set("route", "/hello"));
    burn(400);
    SAY(preflame_label_set("tenant", "a"));
    SAY(preflame_label_set("route", "/test"));
    burn(200);
    if (pthread_create(&thread, NULL, nothing, NULL) == 0)
        pthread_join(thread, NULL);
    SAY(preflame_label_unset("route"));
    SAY(preflame_label_unset("tenant"));
    SAY(preflame_label_unset("never"));
    burn(200);
    SAY(preflame_label_set("", "x"));
    SAY(preflame_label_set("tid", "x"));
    SAY(preflame_label_set("pprof::x", "x"));
    SAY(preflame_label_set("x", NULL));
    SAY(preflame_cpu_profile_stop());
    SAY(preflame_profile_write("nothing", path));
    snprintf(path, sizeof(path), "%s/threadcreate.pprof", argv[1]);
    SAY(preflame_profile_write("threadcreate", path));
    SAY(preflame_profile_write("threadcreate", "/proc/nowhere/x"));
    return 0;
}
