/* Tests of the growing byte buffer. */
#include "base/bytes.h"

#include <errno.h>
#include <string.h>

#include "cmocka_headers.h"

static void puts_and_printf_append_and_stay_terminated(void **state)
{
    (void)state;
    struct bytes b CLEANUP(bytes_clear);
    bytes_init(&b, 1 << 20);
    assert_string_equal(bytes_text(&b), "");
    bytes_puts(&b, "one");
    bytes_printf(&b, " %d %s", 2, "three");
    bytes_put(&b, "", 0);
    assert_int_equal(b.error, 0);
    assert_int_equal(b.len, strlen("one 2 three"));
    assert_string_equal(bytes_text(&b), "one 2 three");
    assert_int_equal(b.data[b.len], 0);
}

static void contents_survive_growth(void **state)
{
    (void)state;
    struct bytes b CLEANUP(bytes_clear);
    bytes_init(&b, 1 << 20);
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)(i * 7);
        bytes_put(&b, &byte, 1);
    }
    assert_int_equal(b.error, 0);
    assert_int_equal(b.len, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(b.data[i], (uint8_t)(i * 7));
}

static void the_cap_is_reachable_and_the_first_failure_sticks(void **state)
{
    (void)state;
    struct bytes b CLEANUP(bytes_clear);
    bytes_init(&b, 10);
    bytes_puts(&b, "0123456789");
    assert_int_equal(b.error, 0);
    assert_int_equal(b.len, 10);
    bytes_puts(&b, "x");
    assert_int_equal(b.error, -EFBIG);
    bytes_put(&b, "", 0);
    bytes_printf(&b, "%s", "");
    assert_null(bytes_reserve(&b, 0));
    assert_int_equal(b.len, 10);
    assert_string_equal(bytes_text(&b), "0123456789");
}

static void a_length_beyond_all_memory_is_refused_not_wrapped(void **state)
{
    (void)state;
    struct bytes b CLEANUP(bytes_clear);
    bytes_init(&b, 100);
    bytes_puts(&b, "some");
    assert_null(bytes_reserve(&b, SIZE_MAX));
    assert_int_equal(b.error, -EFBIG);
    assert_int_equal(b.len, 4);
}

static void reserved_room_is_writable_and_counts_only_when_added(void **state)
{
    (void)state;
    struct bytes b CLEANUP(bytes_clear);
    bytes_init(&b, 1000);
    uint8_t *at = bytes_reserve(&b, 500);
    assert_non_null(at);
    memset(at, 'r', 500);
    assert_int_equal(b.len, 0);
    b.len += 500;
    bytes_puts(&b, "end");
    assert_int_equal(b.len, 503);
    assert_int_equal(b.data[499], 'r');
    assert_string_equal(bytes_text(&b) + 500, "end");
}

static void clearing_keeps_the_cap_forgets_the_failure_and_takes_a_zeroed_struct(void **state)
{
    (void)state;
    struct bytes b;
    bytes_init(&b, 2);
    bytes_puts(&b, "too long");
    assert_int_equal(b.error, -EFBIG);
    bytes_clear(&b);
    assert_int_equal(b.error, 0);
    assert_int_equal(b.max, 2);
    assert_null(b.data);
    struct bytes zeroed = {0};
    bytes_clear(&zeroed);
    assert_null(zeroed.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_and_printf_append_and_stay_terminated),
        cmocka_unit_test(contents_survive_growth),
        cmocka_unit_test(the_cap_is_reachable_and_the_first_failure_sticks),
        cmocka_unit_test(a_length_beyond_all_memory_is_refused_not_wrapped),
        cmocka_unit_test(reserved_room_is_writable_and_counts_only_when_added),
        cmocka_unit_test(clearing_keeps_the_cap_forgets_the_failure_and_takes_a_zeroed_struct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
