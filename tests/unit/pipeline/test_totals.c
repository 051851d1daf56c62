/* Tests of the totals table. */
#include "pipeline/totals.h"

#include "cmocka_headers.h"

static struct totals totals;

static int set_up(void **state)
{
    (void)state;
    totals_init(&totals);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    totals_clear(&totals);
    return 0;
}

static void add(uint32_t stack, int32_t tid, uint32_t count, const char *name)
{
    const struct record record = {
        .value = count * 10, .stack = stack, .tid = tid, .count = count, .kind = RECORD_CPU};
    totals_add(&totals, &record, name);
}

static void samples_add_up_by_stack_and_thread(void **state)
{
    (void)state;
    add(1, 100, 1, "a");
    add(1, 100, 3, "a");
    add(1, 200, 1, "b");
    add(2, 100, 1, "a");
    assert_int_equal(totals.count, 3);
    assert_int_equal(totals.rows[0].stack, 1);
    assert_int_equal(totals.rows[0].tid, 100);
    assert_int_equal(totals.rows[0].count, 4);
    assert_int_equal(totals.rows[0].value, 40);
    assert_int_equal(totals.rows[1].tid, 200);
    assert_int_equal(totals.rows[2].stack, 2);
    assert_int_equal(totals.lost, 0);
}

static void a_row_has_the_name_its_thread_was_last_seen_with(void **state)
{
    (void)state;
    add(1, 100, 1, "a name of 15 ch");
    assert_string_equal(totals.rows[0].name, "a name of 15 ch");
    add(1, 100, 1, "short");
    assert_string_equal(totals.rows[0].name, "short");
    add(1, 100, 1, "a name that is longer than a thread may have");
    assert_string_equal(totals.rows[0].name, "a name that is ");
    add(1, 100, 1, "");
    assert_string_equal(totals.rows[0].name, "");
}

static void a_cleared_table_is_empty_and_works(void **state)
{
    (void)state;
    add(1, 100, 2, "a");
    totals.lost = 5;
    totals_clear(&totals);
    assert_int_equal(totals.count, 0);
    assert_int_equal(totals.lost, 0);
    add(1, 100, 1, "a");
    assert_int_equal(totals.rows[0].count, 1);
}

static void what_finds_no_row_is_counted_and_known_rows_go_on(void **state)
{
    (void)state;
    for (uint32_t stack = 1; stack <= TOTALS_MAX; stack++)
        add(stack, 1, 1, "a");
    assert_int_equal(totals.count, TOTALS_MAX);
    assert_int_equal(totals.lost, 0);
    add(TOTALS_MAX + 1, 1, 7, "a");
    assert_int_equal(totals.count, TOTALS_MAX);
    assert_int_equal(totals.lost, 7);
    add(TOTALS_MAX, 1, 1, "a");
    assert_int_equal(totals.rows[TOTALS_MAX - 1].count, 2);
    assert_int_equal(totals.lost, 7);
}

static void limited_table_stays_limited_when_cleared(void **state)
{
    (void)state;
    totals.row_limit = 2;
    for (int round = 0; round < 2; round++) {
        for (uint32_t stack = 1; stack <= 3; stack++)
            add(stack, 1, 1, "a");
        assert_int_equal(totals.count, 2);
        assert_int_equal(totals.lost, 1);
        totals_clear(&totals);
    }
}

static void full_table_takes_no_more_than_is_promised(void **state)
{
    (void)state;
    for (uint32_t stack = 1; stack <= 70000; stack++) {
        add(stack, 1, 1, "a");
        assert_true(stack < 1000 || totals_bytes(&totals) <= (size_t)stack * TOTALS_ROW_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(samples_add_up_by_stack_and_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_has_the_name_its_thread_was_last_seen_with, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cleared_table_is_empty_and_works, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_finds_no_row_is_counted_and_known_rows_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limited_table_stays_limited_when_cleared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_table_takes_no_more_than_is_promised, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
