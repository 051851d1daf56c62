/* Folded stacks. */
#include "fixture.h"

static void each_stack_is_one_line_from_the_root(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    bytes_init(&out, 1 << 20);
    report_begin(&report, &names);
    add_stack(&report.graphs[0].tree, &names, "main;hot", 7);
    add_stack(&report.graphs[0].tree, &names, "main", 3);
    add_stack(&report.graphs[0].tree, &names, "", 2);
    assert_int_equal(tree_finish(&report.graphs[0].tree), 0);
    assert_int_equal(write_folded(&report, &default_options, &out), 0);
    assert_string_equal(bytes_text(&out), "all 2\nmain 3\nmain;hot 7\n");
    bytes_clear(&out);
    report_end(&report);
}

static void separators_inside_names_are_replaced(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    bytes_init(&out, 1 << 20);
    report_begin(&report, &names);
    struct frame frame = {.name = names_add(&names, "a;b\nc 5")};
    tree_add(&report.graphs[0].tree, &frame, 1, 4);
    assert_int_equal(tree_finish(&report.graphs[0].tree), 0);
    assert_int_equal(write_folded(&report, &default_options, &out), 0);
    assert_string_equal(bytes_text(&out), "a:b c 5 4\n");
    bytes_clear(&out);
    report_end(&report);
}

static void full_output_is_an_error(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    bytes_init(&out, 4);
    report_begin(&report, &names);
    add_stack(&report.graphs[0].tree, &names, "main;hot", 7);
    assert_int_equal(tree_finish(&report.graphs[0].tree), 0);
    assert_int_not_equal(write_folded(&report, &default_options, &out), 0);
    bytes_clear(&out);
    report_end(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stack_is_one_line_from_the_root),
        cmocka_unit_test(separators_inside_names_are_replaced),
        cmocka_unit_test(full_output_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
