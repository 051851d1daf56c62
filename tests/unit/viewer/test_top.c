/* Flat views. */
#include "fixture.h"
#include "viewer/model/top.h"

static void recursive_function_counts_once_in_its_cumulative_cost(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct top_row *rows;
    size_t count;
    report_begin(&report, &names);
    struct tree *tree = &report.graphs[0].tree;
    add_stack(tree, &names, "main;f;f;f", 30);
    add_stack(tree, &names, "main;g", 10);
    assert_int_equal(tree_finish(tree), 0);
    assert_int_equal(top_functions(tree, &rows, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(names_text(&names, rows[0].name), "f");
    assert_int_equal(rows[0].flat, 30);
    assert_int_equal(rows[0].cumulative, 30);
    assert_string_equal(names_text(&names, rows[2].name), "main");
    assert_int_equal(rows[2].flat, 0);
    assert_int_equal(rows[2].cumulative, 40);
    free(rows);
    report_end(&report);
}

static void costliest_stacks_come_first_and_not_too_many(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    uint32_t *nodes;
    size_t count;
    report_begin(&report, &names);
    struct tree *tree = &report.graphs[0].tree;
    add_stack(tree, &names, "a", 1);
    add_stack(tree, &names, "b;c", 5);
    add_stack(tree, &names, "d", 3);
    assert_int_equal(tree_finish(tree), 0);
    assert_int_equal(top_stacks(tree, 2, &nodes, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(nodes[0], find_node(tree, &names, "b;c"));
    assert_int_equal(nodes[1], find_node(tree, &names, "d"));
    free(nodes);
    report_end(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursive_function_counts_once_in_its_cumulative_cost),
        cmocka_unit_test(costliest_stacks_come_first_and_not_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
