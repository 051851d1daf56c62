/* Time that two events report is counted once. */
#include "fixture.h"
#include "viewer/model/cover.h"

static void the_same_interval_counts_once(void **state)
{
    (void)state;
    struct cover cover = {0};
    assert_int_equal(cover_add(&cover, 100, 200), 100);
    assert_int_equal(cover_add(&cover, 100, 200), 0);
    assert_int_equal(cover_add(&cover, 120, 180), 0);
}

static void only_the_uncovered_part_counts(void **state)
{
    (void)state;
    struct cover cover = {0};
    assert_int_equal(cover_add(&cover, 100, 200), 100);
    assert_int_equal(cover_add(&cover, 300, 400), 100);
    /* Around both: before, between and behind. */
    assert_int_equal(cover_add(&cover, 50, 450), 50 + 100 + 50);
    assert_int_equal(cover.count, 1);
    assert_int_equal(cover_add(&cover, 0, 500), 100);
}

static void touching_intervals_do_not_overlap(void **state)
{
    (void)state;
    struct cover cover = {0};
    assert_int_equal(cover_add(&cover, 0, 10), 10);
    assert_int_equal(cover_add(&cover, 10, 20), 10);
}

static void empty_and_reversed_intervals_count_nothing(void **state)
{
    (void)state;
    struct cover cover = {0};
    assert_int_equal(cover_add(&cover, 10, 10), 0);
    assert_int_equal(cover_add(&cover, 10, 5), 0);
    assert_int_equal(cover.count, 0);
}

static void the_oldest_interval_is_forgotten_first(void **state)
{
    (void)state;
    struct cover cover = {0};
    for (int i = 0; i <= COVER_INTERVALS; i++)
        assert_int_equal(cover_add(&cover, i * 10, i * 10 + 5), 5);
    assert_int_equal(cover.count, COVER_INTERVALS);
    assert_int_equal(cover_add(&cover, 10, 15), 0);
    assert_int_equal(cover_add(&cover, 0, 5), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_interval_counts_once),
        cmocka_unit_test(only_the_uncovered_part_counts),
        cmocka_unit_test(touching_intervals_do_not_overlap),
        cmocka_unit_test(empty_and_reversed_intervals_count_nothing),
        cmocka_unit_test(the_oldest_interval_is_forgotten_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
