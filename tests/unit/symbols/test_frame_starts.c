/* Function starts by unwind tables. */
#include "exporters/symbols/frame_starts.h"
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static void load(const char *path, struct frame_starts *starts)
{
    struct elf_file file;
    assert_int_equal(elf_file_open(path, &file), 0);
    assert_int_equal(frame_starts_load(&file, starts), 0);
    elf_file_clear(&file);
}

static void stripped_program_still_tells_where_functions_start(void **state)
{
    (void)state;
    struct frame_starts starts;
    uint64_t start = 0, truth = fixture_symbol(FIXTURES "/shop_pie", "plain_static");
    load(FIXTURES "/shop_bare", &starts);
    assert_true(
        frame_starts_find(&starts, fixture_symbol(FIXTURES "/shop_pie", "mark_plain_static"), &start));
    assert_int_equal(start, truth);
    assert_true(frame_starts_find(&starts, truth, &start));
    assert_int_equal(start, truth);
    frame_starts_clear(&starts);
}

static void addresses_outside_all_functions_have_no_start(void **state)
{
    (void)state;
    struct frame_starts starts;
    uint64_t start = 7;
    load(FIXTURES "/shop_bare", &starts);
    assert_true(starts.count > 3);
    assert_false(frame_starts_find(&starts, 0, &start));
    assert_false(frame_starts_find(&starts, 0x10000000, &start));
    assert_false(frame_starts_find(&starts, UINT64_MAX, &start));
    assert_int_equal(start, 7);
    frame_starts_clear(&starts);
}

static void object_without_tables_knows_nothing(void **state)
{
    (void)state;
    struct frame_starts starts = {0};
    uint64_t start;
    assert_false(frame_starts_find(&starts, 0x1000, &start));
    frame_starts_clear(&starts);
}

/* Every byte of the tables spoilt in turn: under the sanitizers this proves the bounds. */
static void spoilt_tables_are_survived(void **state)
{
    (void)state;
    struct frame_starts starts;
    uint64_t start, at = fixture_symbol(FIXTURES "/shop_pie", "mark_plain_static");
    size_t misses = 0;
    load(FIXTURES "/shop_bare", &starts);
    uint8_t *bytes = starts.segment.owned;
    for (size_t i = 0; i < starts.segment.len; i++) {
        uint8_t was = bytes[i];
        bytes[i] = 0xff;
        misses += !frame_starts_find(&starts, at, &start);
        bytes[i] = was;
    }
    assert_true(misses > 0);
    assert_true(frame_starts_find(&starts, at, &start));
    frame_starts_clear(&starts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stripped_program_still_tells_where_functions_start),
        cmocka_unit_test(addresses_outside_all_functions_have_no_start),
        cmocka_unit_test(object_without_tables_knows_nothing),
        cmocka_unit_test(spoilt_tables_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
