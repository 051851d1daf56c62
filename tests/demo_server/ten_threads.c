/* Ten threads that each print a line: threads to be seen by a tracer. */
#include "tests/demo_server/ten_threads.h"

#include <pthread.h>
#include <stdio.h>

enum { THREADS = 10 };

struct greeter {
    pthread_t thread;
    int number;
};

__attribute__((noinline)) static void *greeter_main(void *argument)
{
    const struct greeter *self = argument;
    char name[16];
    snprintf(name, sizeof(name), "greeter-%d", self->number);
    pthread_setname_np(pthread_self(), name);
    printf("hello from thread %d\n", self->number);
    return NULL;
}

__attribute__((noinline)) int ten_threads_run(void)
{
    struct greeter greeters[THREADS];
    int started = 0;
    int error = 0;
    while (started < THREADS && !error) {
        greeters[started].number = started;
        error = pthread_create(&greeters[started].thread, NULL, greeter_main, &greeters[started]);
        started += !error;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(greeters[i].thread, NULL);
    }
    return -error;
}
