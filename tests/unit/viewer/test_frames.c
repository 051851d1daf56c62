/* Frames and trees of profiles. */
#include "fixture.h"
#include "viewer/model/frames.h"

static struct profile *make_profile(void)
{
    struct profile *p = profile_new();
    assert_non_null(p);
    profile_add_type(p, "samples", "count");
    profile_add_type(p, "cpu", "nanoseconds");
    profile_add_mapping(p, 0x1000, 0x2000, 0x500, "/usr/bin/demo", "");
    struct profile_line lines[2] = {{profile_add_function(p, "inner", "inner", "", 0), 1},
                                    {profile_add_function(p, "outer", "outer", "", 0), 2}};
    uint32_t leaf = profile_add_location(p, 0, 0x1010, lines, 2);
    uint32_t bare = profile_add_location(p, 0, 0x1020, NULL, 0);
    uint32_t lost = profile_add_location(p, PROFILE_NONE, 0x9999, NULL, 0);
    int64_t values[2] = {1, 10};
    profile_add_sample(p, (uint32_t[]){leaf, bare}, 2, NULL, 0, values);
    profile_add_sample(p, (uint32_t[]){lost}, 1, NULL, 0, values);
    assert_int_equal(p->error, 0);
    return p;
}

static void lines_become_frames_and_inner_ones_are_inlined(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct names names;
    struct tree tree;
    names_init(&names);
    tree_init(&tree, &names, TREE_MAX_NODES);
    assert_int_equal(tree_add_profile(&tree, p, 1, &names), 0);
    assert_int_equal(tree_finish(&tree), 0);
    uint32_t inner = find_node(&tree, &names, "demo+0x520;outer;inner");
    assert_int_not_equal(inner, TREE_ROOT);
    assert_true(tree.nodes[inner].is_inlined);
    assert_false(tree.nodes[tree.nodes[inner].parent].is_inlined);
    assert_int_equal(tree.nodes[inner].self, 10);
    assert_int_not_equal(find_node(&tree, &names, "0x9999"), TREE_ROOT);
    tree_clear(&tree);
    names_clear(&names);
    profile_free(p);
}

static void stack_longer_than_its_room_keeps_the_root(void **state)
{
    (void)state;
    struct profile *p = make_profile();
    struct names names;
    struct frames frames;
    struct frame stack[2];
    names_init(&names);
    assert_int_equal(frames_init(&frames, p, &names), 0);
    assert_int_equal(frames_of_stack(&frames, (uint32_t[]){0, 1, 77}, 3, stack, 2), 2);
    assert_string_equal(names_text(&names, stack[0].name), "demo+0x520");
    assert_string_equal(names_text(&names, stack[1].name), "outer");
    frames_clear(&frames);
    names_clear(&names);
    profile_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_frames_and_inner_ones_are_inlined),
        cmocka_unit_test(stack_longer_than_its_room_keeps_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
