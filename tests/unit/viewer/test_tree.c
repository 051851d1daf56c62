/* The call tree. */
#include "fixture.h"

static void equal_stacks_share_nodes_and_totals_add_up(void **state)
{
    (void)state;
    struct names names;
    struct tree tree;
    names_init(&names);
    tree_init(&tree, &names, TREE_MAX_NODES);
    add_stack(&tree, &names, "main;work;hot", 70);
    add_stack(&tree, &names, "main;work;hot", 5);
    add_stack(&tree, &names, "main;work", 20);
    add_stack(&tree, &names, "main;idle", 5);
    assert_int_equal(tree_finish(&tree), 0);
    assert_int_equal(tree.count, 5);
    assert_int_equal(tree.nodes[TREE_ROOT].total, 100);
    assert_int_equal(tree.nodes[find_node(&tree, &names, "main;work")].total, 95);
    assert_int_equal(tree.nodes[find_node(&tree, &names, "main;work")].self, 20);
    assert_int_equal(tree.nodes[find_node(&tree, &names, "main;work;hot")].self, 75);
    tree_clear(&tree);
    names_clear(&names);
}

static void too_deep_stack_keeps_its_value_and_is_counted(void **state)
{
    (void)state;
    struct names names;
    struct tree tree;
    static struct frame frames[TREE_MAX_DEPTH * 3];
    names_init(&names);
    tree_init(&tree, &names, TREE_MAX_NODES);
    for (size_t i = 0; i < TREE_MAX_DEPTH * 3; i++)
        frames[i].name = names_add(&names, "recurse");
    tree_add(&tree, frames, TREE_MAX_DEPTH, 1);
    assert_int_equal(tree.cut_stacks, 0);
    tree_add(&tree, frames, TREE_MAX_DEPTH * 3, 10);
    assert_int_equal(tree_finish(&tree), 0);
    assert_int_equal(tree.cut_stacks, 1);
    assert_int_equal(tree.nodes[TREE_ROOT].total, 11);
    assert_int_equal(tree.count, TREE_MAX_DEPTH + 2);
    tree_clear(&tree);
    names_clear(&names);
}

static void full_tree_gives_the_rest_to_the_last_node_that_exists(void **state)
{
    (void)state;
    struct names names;
    struct tree tree;
    names_init(&names);
    tree_init(&tree, &names, 3);
    add_stack(&tree, &names, "a;b;c;d", 8);
    assert_int_equal(tree_finish(&tree), 0);
    assert_int_equal(tree.count, 3);
    assert_int_equal(tree.cut_stacks, 1);
    assert_int_equal(tree.nodes[find_node(&tree, &names, "a;b")].self, 8);
    tree_clear(&tree);
    names_clear(&names);
}

static void values_without_width_and_overflow_are_skipped_and_counted(void **state)
{
    (void)state;
    struct names names;
    struct tree tree;
    names_init(&names);
    tree_init(&tree, &names, TREE_MAX_NODES);
    add_stack(&tree, &names, "a", 0);
    add_stack(&tree, &names, "a", -5);
    add_stack(&tree, &names, "a", INT64_MAX);
    add_stack(&tree, &names, "b", 1);
    assert_int_equal(tree_finish(&tree), 0);
    assert_int_equal(tree.skipped, 3);
    assert_int_equal(tree.nodes[TREE_ROOT].total, INT64_MAX);
    tree_clear(&tree);
    names_clear(&names);
}

static void frame_counts_as_inlined_only_if_it_always_was(void **state)
{
    (void)state;
    struct names names;
    struct tree tree;
    names_init(&names);
    tree_init(&tree, &names, TREE_MAX_NODES);
    struct frame inlined = {names_add(&names, "f"), true}, called = {names_add(&names, "f"), false};
    tree_add(&tree, &inlined, 1, 1);
    assert_true(tree.nodes[1].is_inlined);
    tree_add(&tree, &called, 1, 1);
    assert_false(tree.nodes[1].is_inlined);
    tree_clear(&tree);
    names_clear(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_stacks_share_nodes_and_totals_add_up),
        cmocka_unit_test(too_deep_stack_keeps_its_value_and_is_counted),
        cmocka_unit_test(full_tree_gives_the_rest_to_the_last_node_that_exists),
        cmocka_unit_test(values_without_width_and_overflow_are_skipped_and_counted),
        cmocka_unit_test(frame_counts_as_inlined_only_if_it_always_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
