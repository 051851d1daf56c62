/* Placing and pruning boxes. */
#include "fixture.h"

#include "viewer/model/layout.h"

#include <stdio.h>

static const struct layout_box *box_of(const struct layout *l, uint32_t node)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->boxes[i].node == node)
            return &l->boxes[i];
    return NULL;
}

static void siblings_lie_side_by_side_in_order_of_their_names(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct layout layout;
    report_begin(&report, &names);
    struct tree *tree = &report.graphs[0].tree;
    add_stack(tree, &names, "z;b", 30);
    add_stack(tree, &names, "z;a", 10);
    add_stack(tree, &names, "m", 60);
    assert_int_equal(tree_finish(tree), 0);
    assert_int_equal(layout_tree(tree, &names, 100, &layout), 0);
    assert_int_equal(layout.count, 5);
    assert_int_equal(layout.max_depth, 2);
    assert_int_equal(box_of(&layout, find_node(tree, &names, "m"))->start, 0);
    assert_int_equal(box_of(&layout, find_node(tree, &names, "z"))->start, 60);
    assert_int_equal(box_of(&layout, find_node(tree, &names, "z;a"))->start, 60);
    assert_int_equal(box_of(&layout, find_node(tree, &names, "z;b"))->start, 70);
    assert_int_equal(box_of(&layout, find_node(tree, &names, "z;b"))->depth, 2);
    layout_clear(&layout);
    report_end(&report);
}

static void pruning_drops_the_narrowest_and_says_how_much(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct layout layout;
    report_begin(&report, &names);
    struct tree *tree = &report.graphs[0].tree;
    add_stack(tree, &names, "wide;leaf", 90);
    add_stack(tree, &names, "thin", 7);
    add_stack(tree, &names, "thinner", 3);
    assert_int_equal(tree_finish(tree), 0);
    assert_int_equal(layout_tree(tree, &names, 3, &layout), 0);
    assert_int_equal(layout.count, 3);
    assert_int_equal(layout.pruned_boxes, 2);
    assert_int_equal(layout.pruned_value, 10);
    assert_non_null(box_of(&layout, find_node(tree, &names, "wide;leaf")));
    assert_null(box_of(&layout, find_node(tree, &names, "thin")));
    layout_clear(&layout);
    report_end(&report);
}

static void pruned_box_never_loses_its_parent_first(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct layout layout;
    report_begin(&report, &names);
    struct tree *tree = &report.graphs[0].tree;
    for (int i = 0; i < 50; i++) {
        char stack[64];
        snprintf(stack, sizeof(stack), "a;b%d;c%d;d%d", i % 7, i % 5, i);
        add_stack(tree, &names, stack, 1 + i % 3);
    }
    assert_int_equal(tree_finish(tree), 0);
    for (size_t max = 1; max <= tree->count; max++) {
        assert_int_equal(layout_tree(tree, &names, max, &layout), 0);
        assert_int_equal(layout.count, max);
        for (size_t i = 1; i < layout.count; i++)
            assert_non_null(box_of(&layout, tree->nodes[layout.boxes[i].node].parent));
        layout_clear(&layout);
    }
    report_end(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siblings_lie_side_by_side_in_order_of_their_names),
        cmocka_unit_test(pruning_drops_the_narrowest_and_says_how_much),
        cmocka_unit_test(pruned_box_never_loses_its_parent_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
