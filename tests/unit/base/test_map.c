/* Tests of the hash map. */
#include "base/map.h"

#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"

static void an_empty_map_finds_nothing(void **state)
{
    (void)state;
    struct map m;
    map_init(&m);
    assert_null(map_find(&m, "key", 3));
    assert_null(map_find(&m, "", 0));
    map_clear(&m);
}

static void adding_twice_keeps_the_first_value_and_says_so(void **state)
{
    (void)state;
    struct map m;
    uint32_t *value = NULL;
    int is_new = -1;
    map_init(&m);
    assert_int_equal(map_add(&m, "key", 3, 7, &value, &is_new), 0);
    assert_int_equal(is_new, 1);
    assert_int_equal(*value, 7);
    assert_int_equal(map_add(&m, "key", 3, 8, &value, &is_new), 0);
    assert_int_equal(is_new, 0);
    assert_int_equal(*value, 7);
    assert_int_equal(m.used, 1);
    *value = 9;
    assert_int_equal(*map_find(&m, "key", 3), 9);
    assert_int_equal(map_add(&m, "key", 3, 1, &value, NULL), 0);
    map_clear(&m);
}

static void keys_are_bytes_copied_and_compared_whole(void **state)
{
    (void)state;
    struct map m;
    uint32_t *value = NULL;
    char key[] = "a\0b";
    map_init(&m);
    assert_int_equal(map_add(&m, key, 3, 1, &value, NULL), 0);
    assert_int_equal(map_add(&m, key, 1, 2, &value, NULL), 0);
    assert_int_equal(map_add(&m, key, 0, 3, &value, NULL), 0);
    memset(key, 'x', sizeof(key));
    assert_int_equal(*map_find(&m, "a\0b", 3), 1);
    assert_int_equal(*map_find(&m, "a", 1), 2);
    assert_int_equal(*map_find(&m, "", 0), 3);
    assert_null(map_find(&m, "a\0c", 3));
    assert_null(map_find(&m, "a\0", 2));
    map_clear(&m);
}

static void many_keys_survive_growth_and_clearing_forgets_them(void **state)
{
    (void)state;
    struct map m;
    uint32_t *value = NULL;
    map_init(&m);
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t key = i * UINT64_C(0x100000000) + 1;
        assert_int_equal(map_add(&m, &key, sizeof(key), i, &value, NULL), 0);
    }
    assert_int_equal(m.used, 20000);
    assert_true(m.used <= m.room);
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t key = i * UINT64_C(0x100000000) + 1, missing = key + 1;
        assert_int_equal(*map_find(&m, &key, sizeof(key)), i);
        assert_null(map_find(&m, &missing, sizeof(missing)));
    }
    map_clear(&m);
    assert_int_equal(m.used, 0);
    uint64_t key = 1;
    assert_null(map_find(&m, &key, sizeof(key)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_finds_nothing),
        cmocka_unit_test(adding_twice_keeps_the_first_value_and_says_so),
        cmocka_unit_test(keys_are_bytes_copied_and_compared_whole),
        cmocka_unit_test(many_keys_survive_growth_and_clearing_forgets_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
