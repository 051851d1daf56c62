/* A plugin that brings along what loaders have little of, and works by itself: static TLS, a thread, locks,
 * memory. */
#include "base/compiler.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TLS_BYTES 128
#define ROUNDS 2000

static __thread unsigned char block[TLS_BYTES] __attribute__((tls_model("initial-exec")));
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned rounds; /* under the lock */

/* What this thread's block was, which is then filled with `value`. */
EXPORT int plugin_tls(int value);
int plugin_tls(int value)
{
    int before = block[TLS_BYTES - 1];
    memset(block, value, sizeof(block));
    return before;
}

static void *work(void *text)
{
    struct timespec pause = {.tv_nsec = 1000};
    for (int i = 0; i < ROUNDS; i++) {
        char *copy = strdup(text);
        pthread_mutex_lock(&lock);
        rounds += copy[0] == 'r';
        pthread_mutex_unlock(&lock);
        if (i % 100 == 0) {
            nanosleep(&pause, NULL);
        }
        free(copy);
    }
    return NULL;
}

/* Two threads of the plugin's own: how many rounds they made together. */
EXPORT unsigned plugin_work(void);
unsigned plugin_work(void)
{
    pthread_t threads[2];
    char text[] = "round";
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        if (pthread_create(&threads[i], NULL, work, text) != 0) {
            return 0;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    return rounds;
}

/* Memory for the program to free. */
EXPORT char *plugin_text(void);
char *plugin_text(void)
{
    return strdup("from the plugin");
}
