/* Numbers with units. */
#include "fixture.h"
#include "viewer/formats/value.h"

static void assert_value(int64_t value, const char *unit, const char *expected)
{
    char text[VALUE_TEXT_SIZE];
    assert_string_equal(value_text(value, unit, text), expected);
}

static void unit_grows_with_the_number(void **state)
{
    (void)state;
    assert_value(0, "nanoseconds", "0 ns");
    assert_value(999, "nanoseconds", "999 ns");
    assert_value(1500, "nanoseconds", "1.50 µs");
    assert_value(2500000000, "nanoseconds", "2.50 s");
    assert_value(-2500000, "nanoseconds", "-2.50 ms");
    assert_value(1536, "bytes", "1.50 KiB");
    assert_value(12345, "count", "12345");
    assert_value(3, "GCU", "3 GCU");
}

static void width_is_counted_in_characters(void **state)
{
    (void)state;
    assert_int_equal(value_width(10, "1.50 µs"), 11);
    assert_int_equal(value_width(10, "1.50 ms"), 10);
}

static void percent_of_nothing_is_nothing(void **state)
{
    (void)state;
    assert_true(percent_of(5, 0) == 0);
    assert_true(percent_of(1, 4) == 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unit_grows_with_the_number),
        cmocka_unit_test(width_is_counted_in_characters),
        cmocka_unit_test(percent_of_nothing_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
