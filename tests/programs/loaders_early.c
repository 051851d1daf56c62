/* A library that programs are linked with: its constructor starts threads that are at work before any
 * preload's is. */
#include "base/compiler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define THREADS 4

static pthread_t threads[THREADS];
static int marks[THREADS]; /* what each returns */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_over;
static unsigned turns; /* under the lock */

static void *take_turns(void *mark)
{
    struct timespec pause = {.tv_nsec = 100000};
    unsigned own = 0;
    while (!atomic_load(&is_over) || own == 0) {
        pthread_mutex_lock(&lock);
        turns++;
        own++;
        nanosleep(&pause, NULL);
        pthread_mutex_unlock(&lock);
    }
    return mark;
}

__attribute__((constructor)) static void start(void)
{
    for (size_t i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, take_turns, &marks[i]);
    }
}

/* How many of the constructor's threads ended well, each after a turn at least. */
EXPORT int early_join(void);
int early_join(void)
{
    int joined = 0;
    atomic_store(&is_over, true);
    for (size_t i = 0; i < THREADS; i++) {
        void *result = NULL;
        joined += pthread_join(threads[i], &result) == 0 && result == &marks[i];
    }
    return turns >= THREADS ? joined : -1;
}
