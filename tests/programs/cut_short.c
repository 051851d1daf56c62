/* cut_short FOLDER: threads in short sleeps and waits, while the process begins and ends profiles of itself
 * and then writes dumps of its threads. Prints how many waits failed or ended early: none. */
#include "preflame/preflame.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 60000
#define ROUNDS 25
#define WAYS 5
#define MANY 900 /* of descriptors, that poll looks at for as long as it then waits */

static atomic_bool is_over;
static atomic_ulong cut, early;
static sem_t never;
static struct pollfd silent[MANY];

static long now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int by_nanosleep(void)
{
    return nanosleep(&(const struct timespec){.tv_nsec = WAIT_NS}, NULL);
}

static int by_usleep(void)
{
    return usleep(WAIT_NS / 1000);
}

static int by_ppoll(void)
{
    return ppoll(silent, MANY, &(const struct timespec){.tv_nsec = WAIT_NS}, NULL);
}

static int by_semaphore(void)
{
    long until_ns = now_ns(CLOCK_REALTIME) + WAIT_NS;
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    return sem_timedwait(&never, &until) == -1 && errno == ETIMEDOUT ? 0 : -1;
}

/* As libc calls it for itself, and as those do who ask libc's own table: no hook sees it. */
static int (*libc_ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

static int by_unseen_ppoll(void)
{
    return libc_ppoll(silent, MANY, &(const struct timespec){.tv_nsec = WAIT_NS}, NULL);
}

static void *wait_again(void *argument)
{
    int (*wait_once)(void) = *(int (**)(void))argument;
    while (!is_over) {
        long start_ns = now_ns(CLOCK_MONOTONIC);
        cut += wait_once() != 0;
        early += now_ns(CLOCK_MONOTONIC) - start_ns < WAIT_NS;
    }
    return NULL;
}

static void profile_on_and_off(const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "%s/cpu.pprof", folder);
    for (int i = 0; i < ROUNDS; i++) {
        if (preflame_cpu_profile_start(path) == 0)
            preflame_cpu_profile_stop();
    }
}

static void ask_for_dumps(const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "%s/threads.pprof", folder);
    for (int i = 0; i < ROUNDS; i++)
        preflame_profile_write("threads", path);
}

int main(int argc, char **argv)
{
    static int (*const ways[WAYS])(void) = {by_nanosleep, by_usleep, by_ppoll, by_semaphore, by_unseen_ppoll};
    pthread_t threads[WAYS];
    int ends[2];
    *(void **)&libc_ppoll = dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "ppoll");
    if (argc != 2 || !libc_ppoll || pipe(ends) != 0)
        return 2;
    for (int i = 0; i < MANY; i++)
        silent[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    sem_init(&never, 0, 0);
    for (int i = 0; i < WAYS; i++)
        pthread_create(&threads[i], NULL, wait_again, (void *)&ways[i]);
    profile_on_and_off(argv[1]);
    ask_for_dumps(argv[1]);
    is_over = true;
    for (int i = 0; i < WAYS; i++)
        pthread_join(threads[i], NULL);
    printf("cut short: %lu, early: %lu\n", cut, early);
    return 0;
}
