/* Tests of the dictionary of label sets. */
#include "fixture.h"

#include "capture/labels.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

static struct label_table *table;

static int set_up(void **state)
{
    (void)state;
    table = fixture_map(sizeof(*table));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap(table, sizeof(*table));
}

static uint32_t with(uint32_t id, const char *key, const char *value)
{
    uint32_t next = 0;
    assert_true(labels_with(table, id, key, value, &next));
    return next;
}

static void sets_are_sorted_and_equal_sets_are_one(void **state)
{
    (void)state;
    uint32_t ab = with(with(0, "a", "1"), "b", "2"), ba = with(with(0, "b", "2"), "a", "1");
    assert_int_equal(ab, ba);
    const struct label_set *set = labels_set(table, ab);
    assert_int_equal(set->count, 2);
    assert_memory_equal(set->pairs, "a\0001\0b\0002", 8);
}

static void a_key_means_one_value(void **state)
{
    (void)state;
    uint32_t id = with(with(with(0, "a", "1"), "b", "2"), "a", "3");
    assert_memory_equal(labels_set(table, id)->pairs, "a\0003\0b\0002", 8);
    assert_int_equal(labels_set(table, id)->count, 2);
}

static void without_its_last_key_a_set_is_none(void **state)
{
    (void)state;
    uint32_t id = with(with(0, "a", "1"), "b", "2");
    id = with(id, "a", NULL);
    assert_memory_equal(labels_set(table, id)->pairs, "b\0002", 4);
    assert_int_equal(with(id, "never", NULL), id);
    assert_int_equal(with(id, "b", NULL), 0);
    assert_int_equal(with(0, "b", NULL), 0);
    assert_null(labels_set(table, 0));
    assert_null(labels_set(table, LABEL_SETS + 1));
}

static void too_large_a_set_is_refused_and_counted(void **state)
{
    (void)state;
    char value[LABEL_SET_BYTES];
    uint32_t next = 77;
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = 0;
    assert_false(labels_with(table, 0, "a", value, &next));
    uint32_t id = 0;
    for (int i = 0; i < LABELS_MAX; i++) {
        snprintf(value, sizeof(value), "k%02d", i);
        id = with(id, value, "v");
    }
    assert_false(labels_with(table, id, "one_more", "v", &next));
    assert_int_equal(next, 77);
    assert_int_equal(atomic_load(&table->refused), 2);
}

static void a_full_dictionary_refuses_new_sets_and_knows_old_ones(void **state)
{
    (void)state;
    uint32_t first = with(0, "k", "0"), next;
    uint64_t refused = 0;
    for (int i = 1; i < 3 * LABEL_SETS; i++) {
        char value[16];
        snprintf(value, sizeof(value), "%d", i);
        refused += !labels_with(table, 0, "k", value, &next);
    }
    assert_true(refused > LABEL_SETS);
    assert_int_equal(atomic_load(&table->refused), refused);
    assert_int_equal(with(0, "k", "0"), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_are_sorted_and_equal_sets_are_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_means_one_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_its_last_key_a_set_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_large_a_set_is_refused_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_dictionary_refuses_new_sets_and_knows_old_ones, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
