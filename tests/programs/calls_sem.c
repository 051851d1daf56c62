/* Every interposed semaphore call: success, failure, time-out, EINTR and cancellation. */
#include "base/clock.h"
#include "transcript.h"

#include <semaphore.h>
#include <time.h>

static sem_t semaphore;
static long bad_nanoseconds;

static int place_posted(void)
{
    sem_init(&semaphore, 0, 1);
    return 30000;
}

static int place_empty(void)
{
    sem_init(&semaphore, 0, 0);
    return 30000;
}

static int place_empty_and_late(void)
{
    sem_init(&semaphore, 0, 0);
    return 1;
}

static int place_empty_and_wrong(void)
{
    sem_init(&semaphore, 0, 0);
    bad_nanoseconds = NS_PER_S;
    return 1000;
}

static void release_semaphore(void)
{
    sem_destroy(&semaphore);
    bad_nanoseconds = 0;
}

static struct timespec deadline(clockid_t clock, int ms)
{
    int64_t until_ns = clock_ns(clock) + ms * INT64_C(1000000);
    struct timespec t = {until_ns / NS_PER_S, until_ns % NS_PER_S + bad_nanoseconds};
    return t;
}

static long call_sem_wait(int ms)
{
    (void)ms;
    return sem_wait(&semaphore);
}

static long call_sem_timedwait(int ms)
{
    struct timespec until = deadline(CLOCK_REALTIME, ms);
    return sem_timedwait(&semaphore, &until);
}

static long call_sem_clockwait(int ms)
{
    struct timespec until = deadline(CLOCK_MONOTONIC, ms);
    return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until);
}

static long call_sem_clockwait_wrong_clock(int ms)
{
    struct timespec until = deadline(CLOCK_MONOTONIC, ms);
    return sem_clockwait(&semaphore, CLOCK_PROCESS_CPUTIME_ID, &until);
}

#define BOTH (CALL_IS_INTERRUPTED | CALL_IS_CANCELLED)

static const struct call_row rows[] = {
    {"sem_wait", call_sem_wait, place_posted, NULL, place_empty, release_semaphore, BOTH},
    {"sem_timedwait", call_sem_timedwait, place_posted, place_empty_and_late, place_empty, release_semaphore,
     BOTH},
    {"sem_timedwait", call_sem_timedwait, NULL, place_empty_and_wrong, NULL, release_semaphore, 0},
    {"sem_clockwait", call_sem_clockwait, place_posted, place_empty_and_late, place_empty, release_semaphore,
     BOTH},
    {"sem_clockwait", call_sem_clockwait, NULL, place_empty_and_wrong, NULL, release_semaphore, 0},
    {"sem_clockwait on a wrong clock", call_sem_clockwait_wrong_clock, NULL, place_empty, NULL,
     release_semaphore, 0},
};

/* A wait that ends because another thread posts. */
static void posted_by_another(void)
{
    struct blocked_thread b = {.call = call_sem_wait, .where = place_empty()};
    blocked_start(&b);
    blocked_until_asleep(&b);
    sem_post(&semaphore);
    blocked_join(&b);
    transcript_result("sem_wait", "posted by another", b.result, b.error);
    release_semaphore();
}

int main(void)
{
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    posted_by_another();
    return 0;
}
