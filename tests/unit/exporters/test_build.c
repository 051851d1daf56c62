/* Tests of building a profile from a snapshot. */
#include "exporters/build.h"

#include "base/wait.h"

#include <string.h>

#include "cmocka_headers.h"

static const uint64_t waiter[] = {0x1010, 0x1020}, holder[] = {0x2010, 0x2020};
static struct snapshot_module modules[] = {
    {.low = 0x2000, .high = 0x3000, .dead_epoch = UINT32_MAX, .path = "/lib/b.so", .build_id = "bb"},
    {.low = 0x1000, .high = 0x2000, .dead_epoch = UINT32_MAX, .path = "/bin/a", .is_main = true},
};
static const uint64_t *const stacks[] = {waiter, holder};
static struct snapshot_row row = {.stack = 1, .other = 2, .detail = WAIT_MUTEX, .values = {3, 900}};

static uint32_t read_stack(const void *of, uint32_t stack, uint64_t *pcs, uint32_t *ret_epoch)
{
    const uint64_t *const *known = of;
    memcpy(pcs, known[stack - 1], sizeof(waiter));
    *ret_epoch = 0;
    return ARRAY_SIZE(waiter);
}

static struct profile *built(const char *name, bool has_both)
{
    const struct snapshot snapshot = {.read_stack = read_stack,
                                      .stacks = stacks,
                                      .rows = &row,
                                      .row_count = 1,
                                      .modules = modules,
                                      .module_count = ARRAY_SIZE(modules),
                                      .period = 1,
                                      .time_ns = 5,
                                      .losses = {.dropped = 2}};
    struct profile *profile = NULL;
    assert_int_equal(profile_build(profile_kind_find(name), &snapshot, has_both, &profile), 0);
    return profile;
}

static uint64_t address(const struct profile *p, uint32_t i)
{
    uint32_t location = p->sample_locations.data[p->samples.data[0].first_location + i];
    return p->locations.data[location].address;
}

static void a_row_becomes_a_sample_with_label_values_and_comment(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = built("block", false);
    assert_int_equal(p->samples.count, 1);
    assert_int_equal(p->samples.data[0].location_count, 2);
    assert_int_equal(address(p, 0), 0x1010);
    assert_int_equal(p->values.data[0], 3);
    assert_int_equal(p->values.data[1], 900);
    assert_string_equal(profile_text(p, p->types.data[1].type), "delay");
    assert_string_equal(profile_text(p, p->labels.data[0].key), "reason");
    assert_string_equal(profile_text(p, p->labels.data[0].text), "mutex");
    assert_string_equal(profile_text(p, p->mappings.data[0].file), "/bin/a");
    assert_string_equal(profile_text(p, p->comments.data[0]), "preflame: dropped_samples: 2");
}

static void with_both_sides_the_other_stack_is_read_from_its_leaf(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = built("mutex", true);
    const uint64_t expected[] = {0x2020, 0x2010, 0, 0x1010, 0x1020};
    assert_int_equal(p->samples.data[0].location_count, ARRAY_SIZE(expected));
    for (uint32_t i = 0; i < ARRAY_SIZE(expected); i++) {
        if (expected[i])
            assert_int_equal(address(p, i), expected[i]);
    }
    const struct profile_location *between =
        &p->locations.data[p->sample_locations.data[p->samples.data[0].first_location + 2]];
    const struct profile_function *function = &p->functions.data[p->lines.data[between->first_line].function];
    assert_string_equal(profile_text(p, function->name), "--");
}

static void a_row_that_is_no_part_of_the_profile_is_left_out(void **state)
{
    (void)state;
    row.detail = WAIT_SLEEP;
    struct profile *p CLEANUP(profile_freep) = built("block", false);
    row.detail = WAIT_MUTEX;
    assert_int_equal(p->samples.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_becomes_a_sample_with_label_values_and_comment),
        cmocka_unit_test(with_both_sides_the_other_stack_is_read_from_its_leaf),
        cmocka_unit_test(a_row_that_is_no_part_of_the_profile_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
