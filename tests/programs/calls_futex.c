/* The system call futex by libc's syscall(): success, failure, time-out, EINTR, and being woken in each way.
 */
#include "base/clock.h"
#include "transcript.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_int word, other_word;

static int place_free(void)
{
    atomic_store(&word, 1);
    return 30000;
}

static int place_taken(void)
{
    atomic_store(&word, 2);
    return 30000;
}

static int place_taken_and_late(void)
{
    atomic_store(&word, 2);
    return 1;
}

static long wait_until(int operation, clockid_t clock, int ms)
{
    int64_t until_ns = (clock < 0 ? 0 : clock_ns(clock)) + ms * INT64_C(1000000);
    struct timespec until = {until_ns / NS_PER_S, until_ns % NS_PER_S};
    return syscall(SYS_futex, &word, operation, 2, &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

static long call_wait(int ms)
{
    (void)ms;
    return syscall(SYS_futex, &word, FUTEX_WAIT, 2, NULL, NULL, 0);
}

static long call_wait_a_while(int ms)
{
    return wait_until(FUTEX_WAIT_PRIVATE, -1, ms);
}

static long call_wait_bitset(int ms)
{
    return wait_until(FUTEX_WAIT_BITSET_PRIVATE, CLOCK_MONOTONIC, ms);
}

static long call_wait_bitset_by_real_time(int ms)
{
    return wait_until(FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME, ms);
}

static long call_wait_shared(int ms)
{
    (void)ms;
    return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 2, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

static const struct call_row rows[] = {
    {"FUTEX_WAIT", call_wait, place_free, NULL, place_taken, NULL, CALL_IS_INTERRUPTED},
    {"FUTEX_WAIT a while", call_wait_a_while, place_free, place_taken_and_late, place_taken, NULL,
     CALL_IS_INTERRUPTED},
    {"FUTEX_WAIT_BITSET", call_wait_bitset, place_free, place_taken_and_late, place_taken, NULL,
     CALL_IS_INTERRUPTED},
    {"FUTEX_WAIT_BITSET by real time", call_wait_bitset_by_real_time, place_free, place_taken_and_late,
     place_taken, NULL, CALL_IS_INTERRUPTED},
};

/* `wake` returns how many it woke or moved: none if the waiter has been interrupted and not begun to wait
 * again. */
static void woken_by_another(const char *name, call_fn wait, long (*wake)(void))
{
    struct blocked_thread b = {.call = wait, .where = place_taken()};
    blocked_start(&b);
    long woken = 0;
    while (woken == 0) {
        blocked_until_asleep(&b);
        woken = wake();
    }
    transcript_line("%s woke %ld", name, woken);
    blocked_join(&b);
    transcript_result(name, "of who waits", b.result, b.error);
}

static long wake_one(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static long wake_all_private(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX);
}

static long wake_bitset(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 1);
}

static long wake_with_operation(void)
{
    return syscall(SYS_futex, &other_word, FUTEX_WAKE_OP_PRIVATE, 1, 1L, &word,
                   FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 2));
}

static long wake_one_move_others(void)
{
    return syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 1, 5L, &other_word, 0);
}

/* Who is interrupted between the two waits for the first word again. */
static long move_then_wake(void)
{
    long moved = syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 5L, &other_word, 2);
    long woken = syscall(SYS_futex, &other_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    return woken == 0 ? 0 : 10 * moved + woken;
}

int main(void)
{
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    woken_by_another("FUTEX_WAKE", call_wait, wake_one);
    woken_by_another("FUTEX_WAKE of a shared bitset", call_wait_shared, wake_one);
    woken_by_another("FUTEX_WAKE of all", call_wait_a_while, wake_all_private);
    woken_by_another("FUTEX_WAKE_BITSET", call_wait_bitset, wake_bitset);
    woken_by_another("FUTEX_WAKE_OP", call_wait_bitset, wake_with_operation);
    woken_by_another("FUTEX_REQUEUE", call_wait_a_while, wake_one_move_others);
    woken_by_another("FUTEX_CMP_REQUEUE", call_wait_a_while, move_then_wake);
    atomic_store(&word, 0);
    TRANSCRIPT_CALL("FUTEX_LOCK_PI", "of a free word", syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL));
    transcript_line("it holds our tid: %d", atomic_load(&word) == (int)syscall(SYS_gettid));
    TRANSCRIPT_CALL("FUTEX_LOCK_PI", "of our own", syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL));
    TRANSCRIPT_CALL("FUTEX_UNLOCK_PI", "of our own", syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL));
    TRANSCRIPT_CALL("FUTEX_WAIT", "nowhere", syscall(SYS_futex, NULL, FUTEX_WAIT, 0, NULL, NULL, 0));
    TRANSCRIPT_CALL("FUTEX_WAIT", "between words",
                    syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 0, NULL, NULL, 0));
    TRANSCRIPT_CALL("FUTEX_WAKE", "nowhere", syscall(SYS_futex, NULL, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    TRANSCRIPT_CALL("futex", "unknown operation", syscall(SYS_futex, &word, 99, 1, NULL, NULL, 0));
    return 0;
}
