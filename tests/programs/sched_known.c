/* Threads whose scheduling is known: burners share one CPU, so each is preempted, and a sleeper blocks so
 * many times. Once all have done their work it prints the CPU, and of each what schedstat counts, and they
 * stay for STAY_MS more. Usage: sched_known BURN_MS SLEEPS STAY_MS */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BURNERS 3
#define THREADS (BURNERS + 1)

static struct {
    long tid;
    int64_t run_ns, ready_ns;
} truth[THREADS];
static int64_t burn_ns;
static int sleeps;
static pthread_barrier_t told, stayed;

/* The last thing that a thread does before it waits. */
static void tell(size_t index)
{
    char path[64];
    truth[index].tid = syscall(SYS_gettid);
    snprintf(path, sizeof(path), "/proc/self/task/%ld/schedstat", truth[index].tid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%" SCNd64 " %" SCNd64, &truth[index].run_ns, &truth[index].ready_ns) != 2)
        exit(3);
    fclose(file);
    pthread_barrier_wait(&told);
    pthread_barrier_wait(&stayed);
}

static void *burn(void *index)
{
    struct timespec used;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    while (used.tv_sec * INT64_C(1000000000) + used.tv_nsec < burn_ns);
    tell((size_t)index);
    return NULL;
}

static void *sleep_often(void *index)
{
    for (int i = 0; i < sleeps; i++)
        usleep(10000);
    tell((size_t)index);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    cpu_set_t one;
    int cpu = sched_getcpu();
    if (argc < 4 || cpu < 0)
        return 2;
    burn_ns = strtol(argv[1], NULL, 10) * INT64_C(1000000);
    sleeps = (int)strtol(argv[2], NULL, 10);
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one))
        return 3;
    pthread_barrier_init(&told, NULL, THREADS + 1);
    pthread_barrier_init(&stayed, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, i < BURNERS ? burn : sleep_often, (void *)i);
    pthread_barrier_wait(&told);
    printf("{\"cpu\": %d, \"threads\": [", cpu);
    for (size_t i = 0; i < THREADS; i++)
        printf("%s{\"tid\": %ld, \"run_ns\": %" PRId64 ", \"ready_ns\": %" PRId64 "}", i ? ", " : "",
               truth[i].tid, truth[i].run_ns, truth[i].ready_ns);
    printf("]}\n");
    fflush(stdout);
    usleep((useconds_t)strtol(argv[3], NULL, 10) * 1000);
    pthread_barrier_wait(&stayed);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
