/* sleep_known [THREADS]: waits for known times in every way that preflame knows, and prints the truth as
 * JSON. */
#include "known_wait.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REASONS 32

static atomic_int_fast64_t total_ns[REASONS];
static atomic_int counts[REASONS];

static const char *const names[REASONS] = {
#define REASON_NAME(symbol, value, name) [value] = name,
    WAIT_REASONS(REASON_NAME)
#undef REASON_NAME
};

void known_wait_add(enum wait_reason reason, int64_t start_ns)
{
    atomic_fetch_add(&total_ns[reason], clock_mono_ns() - start_ns);
    atomic_fetch_add(&counts[reason], 1);
}

void known_wait_print(void)
{
    const char *separator = "{";
    for (int i = 0; i < REASONS; i++) {
        if (counts[i] > 0) {
            printf("%s\"%s\": {\"ns\": %" PRIdFAST64 ", \"count\": %d}", separator, names[i], total_ns[i],
                   counts[i]);
            separator = ", ";
        }
    }
    printf("}\n");
}

void known_pause(void)
{
    const struct timespec pause = {0, KNOWN_WAIT_MS * 1000000L};
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
}

static void *later_main(void *arg)
{
    struct known_later *later = arg;
    known_pause();
    later->release(later->arg);
    __atomic_store_n(&later->is_done, 1, __ATOMIC_RELEASE);
    return NULL;
}

void known_later_start(struct known_later *later, void (*release)(void *), void *arg)
{
    later->release = release;
    later->arg = arg;
    later->is_done = 0;
    if (pthread_create(&later->thread, NULL, later_main, later) != 0) {
        perror("pthread_create");
        exit(1);
    }
}

void known_later_end(struct known_later *later)
{
    while (__atomic_load_n(&later->is_done, __ATOMIC_ACQUIRE) == 0) {
        syscall(SYS_sched_yield);
    }
    pthread_detach(later->thread);
}

static void *all_waits(void *arg)
{
    known_waits_of_time();
    known_waits_of_threads();
    known_waits_of_descriptors();
    return arg;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 0;
    pthread_t ids[16];
    if (threads < 0 || threads > 16) {
        fprintf(stderr, "usage: sleep_known [THREADS]\n");
        return 2;
    }
    alarm(120);
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, all_waits, NULL) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    all_waits(NULL);
    for (int i = 0; i < threads; i++) {
        KNOWN_MEASURE(WAIT_JOIN, pthread_join(ids[i], NULL));
    }
    known_waits_of_processes();
    known_wait_print();
    return 0;
}
