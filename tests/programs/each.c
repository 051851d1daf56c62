/* each_lock: every lock, condition and thread call, waiting or waking once; prints what a trace must say of
 * the main thread, in order, as JSON. */
#include "each.h"

#include "base/clock.h"
#include "transcript.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPECTED_MAX 64

static struct {
    const char *call, *event;
    enum wait_reason reason;
    const void *object;
    long value;
} expected[EXPECTED_MAX];
static int expected_count;

void each_expect(const char *call, const char *event, enum wait_reason reason, const void *object, long value)
{
    if (expected_count == EXPECTED_MAX) {
        abort();
    }
    expected[expected_count].call = call;
    expected[expected_count].event = event;
    expected[expected_count].reason = reason;
    expected[expected_count].object = object;
    expected[expected_count++].value = value;
}

void each_print(void)
{
    for (int i = 0; i < expected_count; i++) {
        printf("%s{\"call\": \"%s\", \"event\": \"%s\", \"reason\": %d, \"object\": %lu, \"value\": %ld}",
               i == 0 ? "[" : ",\n", expected[i].call, expected[i].event, (int)expected[i].reason,
               (unsigned long)(uintptr_t)expected[i].object, expected[i].value);
    }
    printf("]\n");
}

/* One other thread; its moments are told by plain system calls and atomics, which no hook sees. */
struct other {
    each_fn before, after;
    int is_spinning;
    atomic_int tid, is_ready;
};

static struct other others[4];
static int other_count;
static atomic_int running;

static void pause_ms(long ms)
{
    const struct timespec pause = {0, ms * 1000000};
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
}

static void until_asleep(int tid)
{
    while (!thread_is_asleep(tid)) {
        syscall(SYS_sched_yield);
    }
}

static void *other_main(void *arg)
{
    struct other *other = arg;
    atomic_store(&other->tid, (int)syscall(SYS_gettid));
    if (other->before != NULL) {
        other->before();
    }
    atomic_store(&other->is_ready, 1);
    if (other->after != NULL) {
        if (!other->is_spinning) {
            until_asleep(getpid());
        }
        pause_ms(other->is_spinning ? 4L * EACH_WAIT_MS : EACH_WAIT_MS);
        other->after();
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static struct other *start(each_fn before, each_fn after, int is_spinning)
{
    pthread_t thread;
    pthread_attr_t attr;
    struct other *other = &others[other_count++ % 4];
    other->before = before;
    other->after = after;
    other->is_spinning = is_spinning;
    atomic_store(&other->tid, 0);
    atomic_store(&other->is_ready, 0);
    atomic_fetch_add(&running, 1);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, other_main, other) != 0) {
        abort();
    }
    pthread_attr_destroy(&attr);
    while (atomic_load(&other->tid) == 0) {
        syscall(SYS_sched_yield);
    }
    return other;
}

void each_other(each_fn before, each_fn after, int is_spinning)
{
    struct other *other = start(before, after, is_spinning);
    while (atomic_load(&other->is_ready) == 0) {
        syscall(SYS_sched_yield);
    }
}

void each_waiter(each_fn wait, int is_spinning)
{
    struct other *other = start(wait, NULL, is_spinning);
    if (is_spinning) {
        pause_ms(4L * EACH_WAIT_MS);
    } else {
        until_asleep(atomic_load(&other->tid));
    }
}

void each_end(void)
{
    while (atomic_load(&running) != 0) {
        syscall(SYS_sched_yield);
    }
}

struct timespec each_far(clockid_t clock)
{
    int64_t until_ns = clock_ns(clock) + 50 * NS_PER_S;
    return (struct timespec){until_ns / NS_PER_S, until_ns % NS_PER_S};
}

int main(void)
{
    alarm(60);
    each_mutex_call();
    each_rwlock_call();
    each_condition_call();
    each_old_condition_call();
    each_thread_call();
    each_print();
    return 0;
}
