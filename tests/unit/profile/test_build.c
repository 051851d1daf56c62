/* Tests of interning functions and locations, and of mappings. */
#include "fixture.h"

static void functions_are_interned_by_all_four_fields(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    assert_int_equal(profile_add_function(p, "f", "_Zf", "f.cc", 3), 0);
    assert_int_equal(profile_add_function(p, "g", "_Zf", "f.cc", 3), 1);
    assert_int_equal(profile_add_function(p, "f", "_Zg", "f.cc", 3), 2);
    assert_int_equal(profile_add_function(p, "f", "_Zf", "g.cc", 3), 3);
    assert_int_equal(profile_add_function(p, "f", "_Zf", "f.cc", 4), 4);
    assert_int_equal(profile_add_function(p, "f", "_Zf", "f.cc", 3), 0);
    assert_int_equal(p->functions.count, 5);
}

static void locations_are_interned_by_mapping_address_and_lines(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    uint32_t f = profile_add_function(p, "f", "f", "", 0);
    uint32_t g = profile_add_function(p, "g", "g", "", 0);
    struct profile_line inlined[] = {{f, 1}, {g, 2}};
    struct profile_line reversed[] = {{g, 2}, {f, 1}};
    assert_int_equal(profile_add_location(p, 0, 0x400010, inlined, 2), 0);
    assert_int_equal(profile_add_location(p, 0, 0x400011, inlined, 2), 1);
    assert_int_equal(profile_add_location(p, PROFILE_NONE, 0x400010, inlined, 2), 2);
    assert_int_equal(profile_add_location(p, 0, 0x400010, reversed, 2), 3);
    assert_int_equal(profile_add_location(p, 0, 0x400010, inlined, 1), 4);
    assert_int_equal(profile_add_location(p, 0, 0x400010, NULL, 0), 5);
    assert_int_equal(profile_add_location(p, 0, 0x400010, inlined, 2), 0);
    assert_int_equal(p->locations.count, 6);
    assert_int_equal(p->error, 0);
    const struct profile_location *location = &p->locations.data[3];
    assert_int_equal(location->line_count, 2);
    assert_int_equal(p->lines.data[location->first_line].function, g);
    assert_int_equal(p->lines.data[location->first_line + 1].function, f);
}

static void a_location_of_an_unknown_function_is_refused(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    struct profile_line line = {0, 1};
    profile_add_location(p, 0, 0x400010, &line, 1);
    assert_int_equal(p->error, -EINVAL);
    assert_int_equal(p->locations.count, 0);
}

static void a_location_in_an_unknown_mapping_is_refused(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    profile_add_location(p, 1, 0x400010, NULL, 0);
    assert_int_equal(p->error, -EINVAL);
    assert_int_equal(p->locations.count, 0);
}

static void mappings_are_never_merged(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    assert_int_equal(profile_add_mapping(p, 0x1000, 0x2000, 0, "a", "1"), 0);
    assert_int_equal(profile_add_mapping(p, 0x1000, 0x2000, 0, "a", "1"), 1);
}

static void the_mapping_of_an_address_is_the_last_one_there(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    profile_add_mapping(p, 0x1000, 0x3000, 0, "a", "");
    profile_add_mapping(p, 0x2000, 0x3000, 0, "b", "");
    assert_int_equal(profile_find_mapping(p, 0x0fff), PROFILE_NONE);
    assert_int_equal(profile_find_mapping(p, 0x1000), 0);
    assert_int_equal(profile_find_mapping(p, 0x2000), 1);
    assert_int_equal(profile_find_mapping(p, 0x2fff), 1);
    assert_int_equal(profile_find_mapping(p, 0x3000), PROFILE_NONE);
}

static void a_type_after_the_first_sample_is_refused(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    add_leaf(p, add_frame(p, "main", 0x400010), 1);
    profile_add_type(p, "late", "count");
    assert_int_equal(p->error, -EINVAL);
    assert_int_equal(p->types.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_interned_by_all_four_fields),
        cmocka_unit_test(locations_are_interned_by_mapping_address_and_lines),
        cmocka_unit_test(a_location_of_an_unknown_function_is_refused),
        cmocka_unit_test(a_location_in_an_unknown_mapping_is_refused),
        cmocka_unit_test(mappings_are_never_merged),
        cmocka_unit_test(the_mapping_of_an_address_is_the_last_one_there),
        cmocka_unit_test(a_type_after_the_first_sample_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
