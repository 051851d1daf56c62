/* Very many threads, one after another and at once, whose destructors allocate and lock: prints what a leak
 * of threads, descriptors or memory would change. */
#include "posix.h"

#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHORT = 10000, BATCH = 50, LIVE = 2000, KEYS = 3 };

static pthread_key_t keys[KEYS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t may_end, has_begun;
static atomic_int destroyed, wrong;

/* Calls what preflame hooks, when its own destructors may have run already or not. */
static void on_destroyed(void *value)
{
    char *more = realloc(value, 300);
    pthread_mutex_lock(&mutex);
    nap();
    pthread_mutex_unlock(&mutex);
    if (more == NULL || strcmp(more, "value") != 0)
        atomic_fetch_add(&wrong, 1);
    free(more);
    atomic_fetch_add(&destroyed, 1);
}

static void *live_shortly(void *argument)
{
    free(malloc(100));
    return argument;
}

static void *leave_values(void *argument)
{
    for (int i = 0; i < KEYS; i++)
        pthread_setspecific(keys[i], strdup("value"));
    return argument;
}

static void *live_long(void *argument)
{
    sem_post(&has_begun);
    while (sem_wait(&may_end) != 0) {
    }
    return argument;
}

static int count_of(const char *folder)
{
    DIR *open = opendir(folder);
    int count = 0;
    while (open != NULL && readdir(open) != NULL)
        count++;
    if (open != NULL)
        closedir(open);
    return count;
}

/* How many could be made and joined. */
static int run(void *(*body)(void *), int count, int at_once)
{
    static pthread_t threads[LIVE];
    int joined = 0;
    for (int done = 0; done < count; done += at_once) {
        int made = 0;
        while (made < at_once && pthread_create(&threads[made], NULL, body, NULL) == 0)
            made++;
        if (body == live_long) {
            for (int i = 0; i < made; i++)
                while (sem_wait(&has_begun) != 0) {
                }
            for (int i = 0; i < made; i++)
                sem_post(&may_end);
        }
        for (int i = 0; i < made; i++)
            joined += pthread_join(threads[i], NULL) == 0;
    }
    return joined;
}

static long resident_kb(void)
{
    long total = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%ld %ld", &total, &pages) != 2)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return pages * 4;
}

int main(void)
{
    sem_init(&may_end, 0, 0);
    sem_init(&has_begun, 0, 0);
    for (int i = 0; i < KEYS; i++)
        pthread_key_create(&keys[i], on_destroyed);
    printf("%d lived at once\n", run(live_long, LIVE, LIVE));
    printf("%d lived shortly\n", run(live_shortly, SHORT, BATCH));
    int threads = count_of("/proc/self/task"), descriptors = count_of("/proc/self/fd");
    long before_kb = resident_kb();
    printf("%d lived shortly\n", run(live_shortly, SHORT, BATCH));
    printf("%d left values\n", run(leave_values, 200, BATCH));
    printf("%d lived at once\n", run(live_long, LIVE, LIVE));
    printf("%d values destroyed, %d wrong\n", atomic_load(&destroyed), atomic_load(&wrong));
    printf("threads %d, descriptors %d more\n", count_of("/proc/self/task") - threads,
           count_of("/proc/self/fd") - descriptors);
    long grown_kb = resident_kb() - before_kb;
    printf("memory grew by less than 16 MB: %s\n", grown_kb < 16384 ? "yes" : "no");
    return 0;
}
