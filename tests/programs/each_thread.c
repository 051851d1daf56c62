/* Joining, detaching and naming of threads. */
#include "each.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

static atomic_int has_begun, may_end;

static void let_end(void)
{
    atomic_store(&may_end, 1);
}

static void *end_when_told(void *arg)
{
    atomic_store(&has_begun, 1);
    while (atomic_load(&may_end) == 0) {
        syscall(SYS_sched_yield);
    }
    return arg;
}

static int c11_end_when_told(void *arg)
{
    return end_when_told(arg) != NULL;
}

void each_thread_call(void)
{
    pthread_t thread;
    thrd_t c11_thread;
    pthread_create(&thread, NULL, end_when_told, NULL);
    EACH_WAITS("pthread_join", WAIT_JOIN, (const void *)thread, NULL, let_end, 0, pthread_join(thread, NULL));
    atomic_store(&may_end, 0);
    thrd_create(&c11_thread, c11_end_when_told, NULL);
    EACH_WAITS("thrd_join", WAIT_JOIN, (const void *)c11_thread, NULL, let_end, 0,
               thrd_join(c11_thread, NULL));
    atomic_store(&may_end, 0);
    atomic_store(&has_begun, 0);
    pthread_create(&thread, NULL, end_when_told, NULL);
    while (atomic_load(&has_begun) == 0) {
        syscall(SYS_sched_yield);
    }
    pthread_setname_np(thread, "named by each");
    each_expect("pthread_setname_np", "thread_name", WAIT_OTHER, NULL, 0);
    pthread_detach(thread);
    each_expect("pthread_detach", "thread_detach", WAIT_OTHER, (const void *)thread, 0);
    let_end();
}
