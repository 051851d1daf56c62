/* syscalls_by_thread: threads at work at the same time, each with a pattern of calls of its own on a pipe of
 * its own. strace and a trace must see the same order in each. */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 25

static void *work(void *index)
{
    size_t own = (size_t)index + 1;
    char bytes[THREADS + 1];
    int ends[2];
    if (pipe(ends))
        return index;
    struct pollfd readable = {.fd = ends[0], .events = POLLIN};
    ssize_t moved = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < own; i++)
            moved += write(ends[1], "x", 1);
        moved += poll(&readable, 1, 1000);
        moved += read(ends[0], bytes, own);
    }
    return moved == ROUNDS * (ssize_t)(2 * own + 1) ? NULL : index;
}

int main(void)
{
    pthread_t threads[THREADS];
    void *failed = NULL;
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (size_t i = 0; i < THREADS; i++) {
        void *one;
        pthread_join(threads[i], &one);
        failed = failed ? failed : one;
    }
    return failed != NULL;
}
