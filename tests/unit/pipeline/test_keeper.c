/* Tests of the keeper thread. What it does is waited for on a semaphore, never by time. */
#include "pipeline/keeper.h"

#include "base/clock.h"

#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define LONG_NS (60 * NS_PER_S)

static sem_t ticked, may_go_on;
static _Atomic uint64_t last_tick;
static _Atomic uint32_t tasks_run, tasks_in_keeper, progress_steps;
static _Atomic int is_blocking, is_patient;
static _Atomic uint32_t begun;

static void on_begin(void)
{
    atomic_fetch_add(&begun, 1);
}

static void on_tick(uint64_t number)
{
    atomic_store(&last_tick, number);
    sem_post(&ticked);
}

static void on_task(void)
{
    for (uint32_t i = 0; i < atomic_load(&progress_steps); i++) {
        keeper_progress(atomic_load(&is_patient));
        /* Takes longer in all than the caller lets it stand still. */
        for (int64_t until_ns = clock_mono_ns() + 2000000; clock_mono_ns() < until_ns;)
            ;
    }
    if (atomic_load(&is_blocking)) {
        while (sem_wait(&may_go_on))
            ;
    }
    atomic_fetch_add(&tasks_in_keeper, keeper_is_self());
    atomic_fetch_add(&tasks_run, 1);
}

static const struct keeper_work work = {.begin = on_begin, .tick = on_tick, .task = on_task};

/* A keeper that ticks no more once the ticks under way are over. */
static int start_idle(void)
{
    int error = keeper_set_busy(true);
    return keeper_set_busy(false) || error ? -1 : 0;
}

static int set_up(void **state)
{
    (void)state;
    sem_init(&ticked, 0, 0);
    sem_init(&may_go_on, 0, 0);
    atomic_store(&tasks_run, 0);
    atomic_store(&tasks_in_keeper, 0);
    atomic_store(&progress_steps, 0);
    atomic_store(&is_blocking, 0);
    atomic_store(&is_patient, 0);
    atomic_store(&begun, 0);
    keeper_init(&work);
    return start_idle();
}

static int tear_down(void **state)
{
    (void)state;
    int error = keeper_set_busy(false);
    keeper_stop();
    return error;
}

static void wait_for_tick(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    assert_int_equal(sem_timedwait(&ticked, &until), 0);
}

static void a_task_runs_in_the_keeper_before_the_call_returns(void **state)
{
    (void)state;
    assert_true(keeper_run(LONG_NS, LONG_NS));
    assert_int_equal(atomic_load(&tasks_run), 1);
    assert_true(keeper_run(LONG_NS, LONG_NS));
    assert_int_equal(atomic_load(&tasks_run), 2);
    assert_int_equal(atomic_load(&tasks_in_keeper), 2);
    assert_false(keeper_is_self());
}

static void it_ticks_while_busy_and_counts_its_ticks(void **state)
{
    (void)state;
    assert_int_equal(keeper_set_busy(true), 0);
    for (int i = 0; i < 3; i++)
        wait_for_tick();
    assert_true(atomic_load(&last_tick) >= 2);
    assert_true(keeper_run(LONG_NS, LONG_NS)); /* tasks and ticks don't stand in each other's way */
}

static void an_idle_keeper_does_not_tick(void **state)
{
    (void)state;
    int before = -1, after = -1;
    assert_true(keeper_run(LONG_NS, LONG_NS)); /* behind a tick that began while it was busy */
    assert_true(keeper_run(LONG_NS, LONG_NS));
    sem_getvalue(&ticked, &before);
    for (int i = 0; i < 100; i++)
        assert_true(keeper_run(LONG_NS, LONG_NS));
    sem_getvalue(&ticked, &after);
    assert_int_equal(before, after);
}

static void a_task_that_stands_still_is_given_up(void **state)
{
    (void)state;
    atomic_store(&is_blocking, 1);
    assert_false(keeper_run(1, LONG_NS));
    assert_int_equal(atomic_load(&tasks_run), 0);
    atomic_store(&is_blocking, 0);
    sem_post(&may_go_on);
    assert_true(keeper_run(LONG_NS, LONG_NS)); /* the one given up is done first */
    assert_int_equal(atomic_load(&tasks_run), 2);
}

static void a_task_that_lives_but_takes_too_long_is_given_up(void **state)
{
    (void)state;
    atomic_store(&is_blocking, 1);
    assert_false(keeper_run(LONG_NS, 1));
    sem_post(&may_go_on);
    atomic_store(&is_blocking, 0);
    assert_true(keeper_run(LONG_NS, LONG_NS));
}

static void a_task_that_makes_progress_is_waited_for(void **state)
{
    (void)state;
    atomic_store(&progress_steps, 200); /* 400 ms in all */
    assert_true(keeper_run(3 * KEEPER_PERIOD_NS, LONG_NS));
    assert_int_equal(atomic_load(&tasks_run), 1);
}

static void a_patient_task_is_waited_for_while_it_stands_still(void **state)
{
    (void)state;
    atomic_store(&is_patient, 1);
    atomic_store(&progress_steps, 100); /* 200 ms: two looks of the waiter, none of which may give up */
    assert_true(keeper_run(1, LONG_NS));
    assert_int_equal(atomic_load(&tasks_run), 1);
    atomic_store(&is_patient, 0);
    atomic_store(&progress_steps, 1);
    assert_true(keeper_run(LONG_NS, LONG_NS));
}

static void without_a_keeper_nothing_runs(void **state)
{
    (void)state;
    keeper_stop();
    assert_false(keeper_run(LONG_NS, LONG_NS));
    assert_int_equal(atomic_load(&tasks_run), 0);
    keeper_stop();
    assert_int_equal(keeper_set_busy(false), 0); /* being idle starts none */
    assert_false(keeper_run(LONG_NS, LONG_NS));
    atomic_store(&begun, 0);
    assert_int_equal(keeper_set_busy(true), 0);
    assert_int_equal(keeper_set_busy(true), 0); /* starting twice is one keeper */
    assert_true(keeper_run(LONG_NS, LONG_NS));
    assert_int_equal(atomic_load(&tasks_run), 1);
    assert_int_equal(atomic_load(&begun), 1);
}

static void it_takes_none_of_the_programs_signals(void **state)
{
    (void)state;
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &mask, &before);
    kill(getpid(), SIGUSR1); /* to any thread that doesn't block it: its default would end the program */
    assert_true(keeper_run(LONG_NS, LONG_NS));
    sigpending(&mask);
    assert_int_equal(sigismember(&mask, SIGUSR1), 1);
    signal(SIGUSR1, SIG_IGN); /* drops it */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR1, SIG_DFL);
}

static void a_forked_child_has_none_and_may_start_its_own(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it bears no threads in a child forked from several */
#endif
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        keeper_after_fork_child();
        bool had_none = !keeper_run(LONG_NS, LONG_NS);
        bool has_one = keeper_set_busy(true) == 0 && keeper_run(LONG_NS, LONG_NS);
        keeper_stop();
        _exit(had_none && has_one ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(keeper_run(LONG_NS, LONG_NS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_task_runs_in_the_keeper_before_the_call_returns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_ticks_while_busy_and_counts_its_ticks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_idle_keeper_does_not_tick, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_that_stands_still_is_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_that_lives_but_takes_too_long_is_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_that_makes_progress_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_patient_task_is_waited_for_while_it_stands_still, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_keeper_nothing_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_takes_none_of_the_programs_signals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_forked_child_has_none_and_may_start_its_own, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
