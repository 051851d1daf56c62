/* Tests of adding and subtracting profiles. */
#include "fixture.h"

/* The value of the first type that the leaf `name` has in total. */
static int64_t total_of(const struct profile *p, const char *name)
{
    int64_t total = 0;
    for (size_t i = 0; i < p->samples.count; i++) {
        const struct profile_sample *sample = &p->samples.data[i];
        const struct profile_location *leaf =
            &p->locations.data[p->sample_locations.data[sample->first_location]];
        uint32_t function = p->lines.data[leaf->first_line].function;
        if (strcmp(profile_text(p, p->functions.data[function].name), name) == 0)
            total += p->values.data[sample->first_value];
    }
    return total;
}

static struct profile *one_leaf(const char *name, uint64_t address, int64_t count)
{
    struct profile *p = new_cpu_profile();
    assert_non_null(p);
    add_leaf(p, add_frame(p, name, address), count);
    return p;
}

static void an_empty_profile_becomes_a_copy(void **state)
{
    (void)state;
    struct profile *from CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *into CLEANUP(profile_freep) = profile_new();
    assert_non_null(into);
    const struct profile_label label = {profile_string(from, "thread"), profile_string(from, "main"), 0, 0};
    profile_add_sample(from, &(uint32_t){0}, 1, &label, 1, (const int64_t[]){4, 4});
    from->default_type = from->types.data[0].type;
    from->time_ns = 100;
    from->duration_ns = 7;
    profile_add_comment(from, "note");
    assert_int_equal(profile_merge(into, from, 1), 0);
    struct bytes a CLEANUP(bytes_clear), b CLEANUP(bytes_clear);
    bytes_init(&a, MAX_BYTES);
    bytes_init(&b, MAX_BYTES);
    assert_int_equal(profile_encode(from, &a), 0);
    assert_int_equal(profile_encode(into, &b), 0);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
}

static void equal_stacks_of_two_profiles_are_summed(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *from CLEANUP(profile_freep) = one_leaf("f", 0x400010, 4);
    add_leaf(from, add_frame(from, "g", 0x400020), 5);
    assert_int_equal(profile_merge(into, from, 1), 0);
    assert_int_equal(into->samples.count, 2);
    assert_int_equal(into->mappings.count, 1);
    assert_int_equal(total_of(into, "f"), 7);
    assert_int_equal(total_of(into, "g"), 5);
}

static void the_difference_of_equal_profiles_is_empty_on_the_wire(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *from CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    assert_int_equal(profile_merge(into, from, -1), 0);
    assert_int_equal(into->samples.count, 1);
    assert_int_equal(total_of(into, "f"), 0);
    struct profile *again CLEANUP(profile_freep) = through_wire(into);
    assert_int_equal(again->samples.count, 0);
}

static void differences_may_be_negative_and_scales_other_than_one(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *from CLEANUP(profile_freep) = one_leaf("f", 0x400010, 5);
    assert_int_equal(profile_merge(into, from, -2), 0);
    assert_int_equal(total_of(into, "f"), -7);
}

static void products_stop_at_the_ends_of_the_number_line(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = new_cpu_profile();
    struct profile *from CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(into);
    assert_non_null(from);
    uint32_t location = add_frame(from, "f", 0x400010);
    profile_add_sample(from, &location, 1, NULL, 0, (const int64_t[]){INT64_MIN, INT64_MAX});
    assert_int_equal(profile_merge(into, from, -2), 0);
    assert_true(into->values.data[0] == INT64_MAX);
    assert_true(into->values.data[1] == INT64_MIN);
}

static void other_sample_types_are_refused(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *renamed CLEANUP(profile_freep) = profile_new();
    struct profile *fewer CLEANUP(profile_freep) = profile_new();
    assert_non_null(renamed);
    assert_non_null(fewer);
    profile_add_type(renamed, "samples", "count");
    profile_add_type(renamed, "cpu", "seconds");
    profile_add_type(fewer, "samples", "count");
    assert_int_equal(profile_merge(into, renamed, 1), -EINVAL);
    assert_int_equal(profile_merge(into, fewer, 1), -EINVAL);
    assert_int_equal(into->error, 0);
    assert_int_equal(total_of(into, "f"), 3);
}

static void a_profile_is_not_merged_with_itself(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    assert_int_equal(profile_merge(p, p, 1), -EINVAL);
    assert_int_equal(total_of(p, "f"), 3);
}

static void a_failed_profile_is_not_merged(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *from CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    from->error = -E2BIG;
    assert_int_equal(profile_merge(into, from, 1), -E2BIG);
    assert_int_equal(total_of(into, "f"), 3);
}

/* A library at `start`; the leaf is 0x10 into it. */
static struct profile *library_at(uint64_t start, const char *file, const char *build_id, bool has_functions)
{
    struct profile *p = new_cpu_profile();
    assert_non_null(p);
    uint32_t mapping = profile_add_mapping(p, start, start + 0x1000, 0, file, build_id);
    p->mappings.data[mapping].has_functions = has_functions;
    struct profile_line line = {profile_add_function(p, "f", "f", "", 0), 1};
    add_leaf(p, profile_add_location(p, mapping, start + 0x10, &line, 1), 1);
    return p;
}

static void check_library_merge(struct profile *into, struct profile *from, size_t mappings, size_t locations)
{
    struct profile *into_owner CLEANUP(profile_freep) = into;
    struct profile *from_owner CLEANUP(profile_freep) = from;
    assert_int_equal(profile_merge(into_owner, from_owner, 1), 0);
    assert_int_equal(into->mappings.count, mappings);
    assert_int_equal(into->locations.count, locations);
    assert_int_equal(total_of(into, "f"), 2);
}

static void code_loaded_elsewhere_meets_by_build_id(void **state)
{
    (void)state;
    check_library_merge(library_at(0x7f0000000000, "/old/lib.so", "1234", true),
                        library_at(0x7e0000000000, "/new/lib.so", "1234", true), 2, 1);
}

static void code_without_build_id_meets_by_file(void **state)
{
    (void)state;
    check_library_merge(library_at(0x7f0000000000, "/lib.so", "", true),
                        library_at(0x7e0000000000, "/lib.so", "", true), 2, 1);
}

static void another_build_is_other_code(void **state)
{
    (void)state;
    check_library_merge(library_at(0x7f0000000000, "/lib.so", "1234", true),
                        library_at(0x7e0000000000, "/lib.so", "5678", true), 3, 2);
}

static void anonymous_memory_meets_only_in_its_place(void **state)
{
    (void)state;
    check_library_merge(library_at(0x7f0000000000, "", "", true), library_at(0x7e0000000000, "", "", true), 3,
                        2);
    check_library_merge(library_at(0x7f0000000000, "", "", true), library_at(0x7f0000000000, "", "", true), 2,
                        1);
}

static void a_symbolized_mapping_stays_apart_from_a_bare_one(void **state)
{
    (void)state;
    check_library_merge(library_at(0x7f0000000000, "/lib.so", "1234", true),
                        library_at(0x7f0000000000, "/lib.so", "1234", false), 3, 2);
}

static void adding_takes_the_earlier_start_and_sums_the_durations(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *from CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    into->time_ns = 200;
    into->duration_ns = 10;
    profile_add_comment(into, "same");
    from->time_ns = 100;
    from->duration_ns = 5;
    from->period = into->period + 1;
    profile_add_comment(from, "same");
    profile_add_comment(from, "other");
    assert_int_equal(profile_merge(into, from, 1), 0);
    assert_int_equal(into->time_ns, 100);
    assert_int_equal(into->duration_ns, 15);
    assert_int_equal(into->period, from->period);
    assert_int_equal(into->comments.count, 2);
}

static void subtracting_leaves_time_and_comments(void **state)
{
    (void)state;
    struct profile *into CLEANUP(profile_freep) = one_leaf("f", 0x400010, 3);
    struct profile *from CLEANUP(profile_freep) = one_leaf("f", 0x400010, 1);
    into->time_ns = 200;
    into->duration_ns = 10;
    from->time_ns = 100;
    from->duration_ns = 5;
    profile_add_comment(from, "other");
    assert_int_equal(profile_merge(into, from, -1), 0);
    assert_int_equal(into->time_ns, 200);
    assert_int_equal(into->duration_ns, 10);
    assert_int_equal(into->comments.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_profile_becomes_a_copy),
        cmocka_unit_test(equal_stacks_of_two_profiles_are_summed),
        cmocka_unit_test(the_difference_of_equal_profiles_is_empty_on_the_wire),
        cmocka_unit_test(differences_may_be_negative_and_scales_other_than_one),
        cmocka_unit_test(products_stop_at_the_ends_of_the_number_line),
        cmocka_unit_test(other_sample_types_are_refused),
        cmocka_unit_test(a_profile_is_not_merged_with_itself),
        cmocka_unit_test(a_failed_profile_is_not_merged),
        cmocka_unit_test(code_loaded_elsewhere_meets_by_build_id),
        cmocka_unit_test(code_without_build_id_meets_by_file),
        cmocka_unit_test(another_build_is_other_code),
        cmocka_unit_test(anonymous_memory_meets_only_in_its_place),
        cmocka_unit_test(a_symbolized_mapping_stays_apart_from_a_bare_one),
        cmocka_unit_test(adding_takes_the_earlier_start_and_sums_the_durations),
        cmocka_unit_test(subtracting_leaves_time_and_comments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
