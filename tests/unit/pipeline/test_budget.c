/* Tests of the arithmetic of shares. */
#include "pipeline/budget.h"

#include "base/clock.h"

#include "cmocka_headers.h"

#define PERCENT 10000 /* in millionths */

static struct budget budget;
static struct costs now;

static int begin(void **state)
{
    (void)state;
    now = (struct costs){.mono_ns = 5 * NS_PER_S,
                         .process_ns = 7 * NS_PER_S,
                         .threads_ns = NS_PER_S,
                         .handler_ns = NS_PER_S,
                         .handled = 1000};
    budget_init(&budget, 2 * PERCENT, &now);
    return 0;
}

/* A second goes by, in which the program used so much CPU, the handler ran so often for run_us each. */
static bool second(int64_t program_ms, unsigned runs, unsigned run_us, int64_t threads_ms, int32_t hz)
{
    int64_t handler_ns = (int64_t)runs * run_us * 1000;
    now.mono_ns += NS_PER_S;
    now.process_ns += program_ms * 1000000 + handler_ns + threads_ms * 1000000;
    now.threads_ns += threads_ms * 1000000;
    now.handler_ns += handler_ns;
    now.handled += runs;
    return budget_look(&budget, &now, hz);
}

static void what_costs_little_is_not_limited(void **state)
{
    (void)state;
    assert_false(second(1000, 100, 10, 1, 100));
    assert_int_equal(budget.hz_limit, BUDGET_HZ_ANY);
    assert_in_range(budget.share_ppm, 1900, 2100); /* 1 ms of samples and 1 ms of threads in 1 s */
}

static void what_costs_too_much_is_cut_to_what_fits(void **state)
{
    (void)state;
    assert_true(second(1000, 1000, 50, 0, 1000)); /* 5 % */
    assert_in_range(budget.share_ppm, 49000, 51000);
    assert_in_range(budget.hz_limit, 395, 405); /* 2 % of a second is 400 times 50 us */
    assert_false(second(1000, 400, 50, 0, 1000));
    assert_in_range(budget.share_ppm, 19000, 21000);
}

static void many_threads_share_the_cap_as_they_share_the_cost(void **state)
{
    (void)state;
    assert_true(second(64000, 64000, 50, 0, 1000));
    assert_in_range(budget.hz_limit, 395, 405);
}

static void kernel_that_ticks_slower_than_asked_is_no_reason_to_cut_more(void **state)
{
    (void)state;
    /* 10000 Hz are asked for, 250 signals come: each stands for 40 periods. */
    assert_false(second(1000, 250, 50, 0, 10000));
    assert_true(second(1000, 250, 200, 0, 10000));
    assert_in_range(budget.hz_limit, 95, 105);
}

static void own_threads_leave_the_handler_a_quarter(void **state)
{
    (void)state;
    assert_true(second(1000, 1000, 50, 10, 1000));
    assert_in_range(budget.hz_limit, 195, 205);
    assert_true(second(1000, 200, 50, 500, 1000));
    assert_in_range(budget.hz_limit, 95, 105);
}

static void limit_rises_when_there_is_room_again(void **state)
{
    (void)state;
    second(1000, 1000, 100, 0, 1000);
    assert_in_range(budget.hz_limit, 195, 205);
    assert_false(second(1000, 200, 80, 0, 1000)); /* a little more would do */
    assert_in_range(budget.hz_limit, 195, 205);
    assert_true(second(1000, 200, 40, 0, 1000));
    assert_in_range(budget.hz_limit, 495, 505);
    assert_true(second(1000, 500, 10, 0, 1000));
    assert_int_equal(budget.hz_limit, BUDGET_HZ_ANY);
}

static void idle_program_is_measured_against_a_part_of_a_cpu(void **state)
{
    (void)state;
    assert_false(second(1, 1, 1000, 0, 1000)); /* half of all, but next to nothing */
    assert_in_range(budget.share_ppm, 9000, 11000);
    assert_int_equal(budget.hz_limit, BUDGET_HZ_ANY);
}

static void limit_stays_useful(void **state)
{
    (void)state;
    assert_true(second(1000, 1000, 100000, 0, 1000));
    assert_int_equal(budget.hz_limit, BUDGET_HZ_LEAST);
    second(1000, 5, 100000, 0, 5);
    assert_true(budget.hz_limit >= 5); /* who asks for less gets it */
}

static void without_a_cap_or_samples_nothing_is_cut(void **state)
{
    (void)state;
    assert_false(second(1000, 0, 0, 900, 1000));
    budget.cpu_ppm = 0;
    assert_false(second(1000, 1000, 1000, 900, 1000));
    assert_int_equal(budget.hz_limit, BUDGET_HZ_ANY);
    assert_in_range(budget.share_ppm, 1800000, 2000000); /* but it is said */
}

static void readings_that_go_back_do_no_harm(void **state)
{
    (void)state;
    now.threads_ns = 0; /* our thread has ended */
    assert_false(budget_look(&budget, &now, 100));
    assert_int_equal(budget.share_ppm, 0);
    assert_false(second(1000, 100, 10, 0, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_costs_little_is_not_limited, begin),
        cmocka_unit_test_setup(what_costs_too_much_is_cut_to_what_fits, begin),
        cmocka_unit_test_setup(many_threads_share_the_cap_as_they_share_the_cost, begin),
        cmocka_unit_test_setup(kernel_that_ticks_slower_than_asked_is_no_reason_to_cut_more, begin),
        cmocka_unit_test_setup(own_threads_leave_the_handler_a_quarter, begin),
        cmocka_unit_test_setup(limit_rises_when_there_is_room_again, begin),
        cmocka_unit_test_setup(idle_program_is_measured_against_a_part_of_a_cpu, begin),
        cmocka_unit_test_setup(limit_stays_useful, begin),
        cmocka_unit_test_setup(without_a_cap_or_samples_nothing_is_cut, begin),
        cmocka_unit_test_setup(readings_that_go_back_do_no_harm, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
