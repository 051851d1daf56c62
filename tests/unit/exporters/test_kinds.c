/* Tests of the table of profiles. */
#include "exporters/kinds.h"

#include "base/wait.h"

#include <math.h>
#include <string.h>

#include "cmocka_headers.h"

static void rows_are_complete_sorted_and_found_by_name(void **state)
{
    (void)state;
    const char *before = "";
    for (const struct profile_kind *kind = profile_kinds; kind->name; kind++) {
        assert_true(strcmp(before, kind->name) < 0);
        before = kind->name;
        assert_non_null(kind->description);
        assert_non_null(kind->types[0].type);
        assert_non_null(kind->period.type);
        assert_non_null(kind->values);
        assert_null(strchr(kind->name, '-')); /* Pyroscope refuses such names */
        bool has_default = !kind->default_type;
        for (unsigned i = 0; kind->types[i].type; i++) {
            assert_null(strchr(kind->types[i].type, '-'));
            has_default |= kind->default_type && strcmp(kind->default_type, kind->types[i].type) == 0;
        }
        assert_true(has_default);
        assert_ptr_equal(profile_kind_find(kind->name), kind);
    }
    assert_null(profile_kind_find("nothing"));
}

/* 1 000 samples of blocks of 1/4 interval stand for 1 000 / (1 - e^-0.25). */
static void heap_rows_are_unsampled_by_their_own_size(void **state)
{
    (void)state;
    const struct snapshot snapshot = {.period = 4096};
    const struct snapshot_row row = {.detail = 1024, .values = {1000, 1024000, 400, 409600}};
    int64_t values[SNAPSHOT_VALUES];
    assert_true(profile_kind_find("heap")->values(&snapshot, &row, values));
    double scale = 1 / (1 - exp(-0.25));
    assert_int_equal(values[0], llround(1000 * scale));
    assert_int_equal(values[1], llround(1024000 * scale));
    assert_int_equal(values[2], llround(600 * scale));
    assert_int_equal(values[3], llround(614400 * scale));
}

/* Sizes of a class share a row: its mean decides, so the bytes come out right. */
static void heap_rows_of_mixed_sizes_are_unsampled_by_their_mean(void **state)
{
    (void)state;
    const struct snapshot snapshot = {.period = 4096};
    const struct snapshot_row row = {.detail = 1024, .values = {1000, 1056000, 0, 0}};
    int64_t values[SNAPSHOT_VALUES];
    assert_true(profile_kind_find("heap")->values(&snapshot, &row, values));
    double scale = 1 / (1 - exp(-1056 / 4096.));
    assert_int_equal(values[0], llround(1000 * scale));
    assert_int_equal(values[1], llround(1056000 * scale));
}

static void a_release_that_is_counted_early_makes_no_negative_heap(void **state)
{
    (void)state;
    const struct snapshot snapshot = {.period = 4096};
    const struct snapshot_row row = {.detail = 64, .values = {1, 64, 2, 128}};
    int64_t values[SNAPSHOT_VALUES];
    assert_true(profile_kind_find("heap")->values(&snapshot, &row, values));
    assert_int_equal(values[2], 0);
    assert_int_equal(values[3], 0);
}

static void an_interval_of_1_means_every_allocation(void **state)
{
    (void)state;
    const struct snapshot snapshot = {.period = 1};
    const struct snapshot_row row = {.detail = 16, .values = {3, 48, 1, 16}};
    int64_t values[SNAPSHOT_VALUES];
    assert_true(profile_kind_find("allocs")->values(&snapshot, &row, values));
    const int64_t expected[] = {3, 48, 2, 32};
    assert_memory_equal(values, expected, sizeof(values));
}

static void the_block_profile_leaves_sleeps_and_files_out(void **state)
{
    (void)state;
    const struct snapshot snapshot = {.period = 1};
    struct snapshot_row row = {.values = {1, 1}};
    int64_t values[SNAPSHOT_VALUES];
    const unsigned in[] = {WAIT_MUTEX, WAIT_COND, WAIT_SEM, WAIT_POLL, WAIT_NET_READ, WAIT_PIPE, WAIT_JOIN};
    const unsigned out[] = {WAIT_SLEEP, WAIT_FILE_IO, WAIT_FSYNC, WAIT_WAIT_CHILD, WAIT_SIGNAL};
    for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
        row.detail = in[i];
        assert_true(profile_kind_find("block")->values(&snapshot, &row, values));
    }
    for (size_t i = 0; i < ARRAY_SIZE(out); i++) {
        row.detail = out[i];
        assert_false(profile_kind_find("block")->values(&snapshot, &row, values));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_complete_sorted_and_found_by_name),
        cmocka_unit_test(heap_rows_are_unsampled_by_their_own_size),
        cmocka_unit_test(heap_rows_of_mixed_sizes_are_unsampled_by_their_mean),
        cmocka_unit_test(a_release_that_is_counted_early_makes_no_negative_heap),
        cmocka_unit_test(an_interval_of_1_means_every_allocation),
        cmocka_unit_test(the_block_profile_leaves_sleeps_and_files_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
