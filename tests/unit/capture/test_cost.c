/* Tests of the handler's estimate of its own cost. */
#include "capture/cost.h"

#include "cmocka_headers.h"

static struct handler_cost cost;

static int begin(void **state)
{
    (void)state;
    cost = (struct handler_cost){0};
    return 0;
}

static void one_run_in_sixteen_is_timed(void **state)
{
    (void)state;
    unsigned timed = 0;
    for (uint32_t number = UINT32_MAX - 799; number != 800; number++)
        timed += cost_is_timed(number);
    assert_int_equal(timed, 100);
}

static void every_run_counts_as_the_timed_ones_take(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        cost_add(&cost, 9000);
    assert_in_range(cost.usual_ns, 8900, 9000);
    uint64_t before_ns = cost.total_ns;
    for (int i = 0; i < 1000; i++)
        cost_add(&cost, -1);
    assert_int_equal(cost.runs, 1100);
    assert_int_equal(cost.total_ns - before_ns, 1000 * ((uint64_t)cost.usual_ns + COST_SIGNAL_NS));
}

static void preempted_run_does_not_count_as_long_as_it_took(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        cost_add(&cost, 1000);
    cost_add(&cost, 4000000); /* a time slice of somebody else's */
    assert_in_range(cost.usual_ns, 1000, 1400);
}

static void untimed_runs_cost_something(void **state)
{
    (void)state;
    cost_add(&cost, -1);
    assert_int_equal(cost.total_ns, COST_FIRST_NS + COST_SIGNAL_NS);
    assert_int_equal(cost.usual_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_run_in_sixteen_is_timed),
        cmocka_unit_test_setup(every_run_counts_as_the_timed_ones_take, begin),
        cmocka_unit_test_setup(preempted_run_does_not_count_as_long_as_it_took, begin),
        cmocka_unit_test_setup(untimed_runs_cost_something, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
