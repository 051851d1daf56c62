/* Guarded calls: results, deadlines and crashes of the child they run in. */
#include "viewer/session/guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS 30000
#define SHORT_MS 20

static int private_number = 1;

static int answer(void *data)
{
    private_number = 2;
    *(int *)data = 3;
    return -7;
}

static int hang(void *data)
{
    *(pid_t *)data = getpid();
    while (pause() < 0)
        ;
    return 0;
}

static int crash(void *data)
{
    (void)data;
    abort();
}

static int leave(void *data)
{
    (void)data;
    _exit(1);
}

static int is_quiet(void *data)
{
    (void)data;
    return fputs("nobody may see this\n", stderr) >= 0 && isatty(2) == 0 ? 0 : -1;
}

static void call_returns_what_work_returned(void **state)
{
    (void)state;
    int *shared = guard_memory_new(sizeof(*shared));
    assert_int_equal(guard_call(answer, shared, LONG_MS), -7);
    guard_memory_free(shared, sizeof(*shared));
}

static void only_guard_memory_is_shared(void **state)
{
    (void)state;
    int *shared = guard_memory_new(sizeof(*shared));
    assert_int_equal(*shared, 0);
    assert_int_equal(guard_call(answer, shared, LONG_MS), -7);
    assert_int_equal(*shared, 3);
    assert_int_equal(private_number, 1);
    guard_memory_free(shared, sizeof(*shared));
}

static void call_that_hangs_is_killed_at_its_deadline(void **state)
{
    (void)state;
    pid_t *shared = guard_memory_new(sizeof(*shared));
    assert_int_equal(guard_call(hang, shared, SHORT_MS), -ETIMEDOUT);
    if (*shared != 0) /* else it was killed before it ran */
        assert_int_equal(kill(*shared, 0), -1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    guard_memory_free(shared, sizeof(*shared));
}

static void crash_is_not_taken_for_a_result(void **state)
{
    (void)state;
    assert_int_equal(guard_call(crash, NULL, LONG_MS), -EFAULT);
    assert_int_equal(guard_call(leave, NULL, LONG_MS), -EFAULT);
}

static void what_libraries_print_is_not_seen(void **state)
{
    (void)state;
    assert_int_equal(guard_call(is_quiet, NULL, LONG_MS), 0);
}

static void wait_for_a_child_has_a_limit_and_keeps_it_waitable(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(hang(&pid));
    assert_int_equal(guard_wait_child(pid, SHORT_MS, &status), -ETIMEDOUT);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(guard_wait_child(pid, LONG_MS, &status), 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(guard_wait_child(pid, LONG_MS, &status), -ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_returns_what_work_returned),
        cmocka_unit_test(only_guard_memory_is_shared),
        cmocka_unit_test(call_that_hangs_is_killed_at_its_deadline),
        cmocka_unit_test(crash_is_not_taken_for_a_result),
        cmocka_unit_test(what_libraries_print_is_not_seen),
        cmocka_unit_test(wait_for_a_child_has_a_limit_and_keeps_it_waitable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
