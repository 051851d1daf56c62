/* threads_known: one thread in each state that a dump tells apart, two of them in a deadlock. Prints a line
 * when all are where they belong, as the kernel sees it; lives until its standard input ends. */
#include <dirent.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;
static sem_t never_posted;
static int pipe_ends[2], sockets[2];
static volatile unsigned long turns;

static __attribute__((noinline)) void take_first_then_second(void)
{
    pthread_mutex_lock(&first);
    pthread_barrier_wait(&both_hold_one);
    pthread_mutex_lock(&second);
    turns++;
}

static __attribute__((noinline)) void take_second_then_first(void)
{
    pthread_mutex_lock(&second);
    pthread_barrier_wait(&both_hold_one);
    pthread_mutex_lock(&first);
    turns++;
}

static __attribute__((noinline)) void wait_for_semaphore(void)
{
    sem_wait(&never_posted);
    turns++;
}

static __attribute__((noinline)) void wait_for_pipe(void)
{
    char byte;
    if (read(pipe_ends[0], &byte, 1) >= 0)
        turns++;
}

static __attribute__((noinline)) void wait_for_socket(void)
{
    char byte;
    if (recv(sockets[0], &byte, 1, 0) >= 0)
        turns++;
}

static __attribute__((noinline)) void wait_for_word(void)
{
    static int word;
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    turns++;
}

static __attribute__((noinline)) void poll_nothing(void)
{
    poll(NULL, 0, -1);
    turns++;
}

static __attribute__((noinline)) void burn(void)
{
    for (;;)
        turns++;
}

static const struct {
    const char *name;
    void (*run)(void);
} roles[] = {
    {"locker-a", take_first_then_second},
    {"locker-b", take_second_then_first},
    {"sem", wait_for_semaphore},
    {"pipe", wait_for_pipe},
    {"socket", wait_for_socket},
    {"poll", poll_nothing},
    {"word", wait_for_word},
    {"burner", burn},
};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

static void *play(void *arg)
{
    size_t role = (size_t)arg;
    pthread_setname_np(pthread_self(), roles[role].name);
    roles[role].run();
    return NULL;
}

/* How many of our threads sleep in the kernel. */
static size_t sleeping(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
        char path[300], text[512];
        snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
        if (file)
            fclose(file);
        text[len] = 0;
        const char *end = strrchr(text, ')');
        count += end && end[2] == 'S' && !strstr(text, "preflame");
    }
    if (tasks)
        closedir(tasks);
    return count;
}

int main(void)
{
    pthread_t threads[ROLES];
    pthread_barrier_init(&both_hold_one, NULL, 2);
    sem_init(&never_posted, 0, 0);
    if (pipe(pipe_ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
        return 1;
    for (size_t i = 0; i < ROLES; i++)
        pthread_create(&threads[i], NULL, play, (void *)i);
    while (sleeping() < ROLES - 1)
        ;
    puts("ready");
    fflush(stdout);
    (void)!getchar();
    _exit(0);
}
