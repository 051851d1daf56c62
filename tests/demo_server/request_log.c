/* One line a request on stdout. All threads share one lock on purpose: it is the contention of --log. */
#include "tests/demo_server/request_log.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* Protects the order and wholeness of lines on stdout. Formatting inside is what makes threads wait. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) void request_log_print(const char *method, const char *path, unsigned status,
                                                 size_t size_bytes, int64_t duration_ns)
{
    pthread_mutex_lock(&log_lock);
    time_t now = time(NULL);
    struct tm calendar;
    char stamp[32] = "?";
    if (gmtime_r(&now, &calendar)) {
        strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &calendar);
    }
    printf("%s %s %s %u %zu bytes %.3f ms\n", stamp, method, path, status, size_bytes,
           (double)duration_ns / 1e6);
    pthread_mutex_unlock(&log_lock);
}
