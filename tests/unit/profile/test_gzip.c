/* Tests of gzip, one member at a time. */
#include "fixture.h"

static void fill(uint8_t *data, size_t len)
{
    uint32_t noise = 1;
    for (size_t i = 0; i < len; i++) {
        noise = noise * 1664525 + 1013904223;
        data[i] = (uint8_t)(noise >> 24);
    }
}

static void what_is_compressed_comes_back(void **state)
{
    (void)state;
    static uint8_t data[200000]; /* several chunks, and incompressible */
    fill(data, sizeof(data));
    for (size_t len = 0; len <= sizeof(data); len = len * 7 + 1) {
        struct bytes packed CLEANUP(bytes_clear), plain CLEANUP(bytes_clear);
        bytes_init(&packed, MAX_BYTES);
        bytes_init(&plain, MAX_BYTES);
        assert_int_equal(gzip_bytes(data, len, &packed), 0);
        assert_int_equal(packed.data[0], 0x1f);
        assert_int_equal(packed.data[1], 0x8b);
        assert_int_equal(gunzip_bytes(packed.data, packed.len, &plain), 0);
        assert_int_equal(plain.len, len);
        if (len)
            assert_memory_equal(plain.data, data, len);
    }
}

static void the_header_carries_no_time(void **state)
{
    (void)state;
    struct bytes packed CLEANUP(bytes_clear);
    bytes_init(&packed, MAX_BYTES);
    assert_int_equal(gzip_bytes("text", 4, &packed), 0);
    assert_memory_equal(packed.data + 4, "\0\0\0\0", 4);
}

static void both_append_to_what_is_there(void **state)
{
    (void)state;
    struct bytes packed CLEANUP(bytes_clear), plain CLEANUP(bytes_clear);
    bytes_init(&packed, MAX_BYTES);
    bytes_init(&plain, MAX_BYTES);
    bytes_puts(&packed, "ab");
    bytes_puts(&plain, "cd");
    assert_int_equal(gzip_bytes("text", 4, &packed), 0);
    assert_memory_equal(packed.data, "ab\x1f\x8b", 4);
    assert_int_equal(gunzip_bytes(packed.data + 2, packed.len - 2, &plain), 0);
    assert_string_equal(bytes_text(&plain), "cdtext");
}

static void the_cap_is_exact(void **state)
{
    (void)state;
    static const uint8_t zeros[100000];
    struct bytes packed CLEANUP(bytes_clear), exact CLEANUP(bytes_clear), small CLEANUP(bytes_clear);
    bytes_init(&packed, MAX_BYTES);
    bytes_init(&exact, sizeof(zeros));
    bytes_init(&small, sizeof(zeros) - 1);
    assert_int_equal(gzip_bytes(zeros, sizeof(zeros), &packed), 0);
    assert_int_equal(gunzip_bytes(packed.data, packed.len, &exact), 0);
    assert_int_equal(exact.len, sizeof(zeros));
    assert_int_equal(gunzip_bytes(packed.data, packed.len, &small), -EFBIG);
    assert_int_equal(small.len, 0);
}

static void compressing_past_the_cap_is_an_error(void **state)
{
    (void)state;
    uint8_t data[1000];
    fill(data, sizeof(data));
    struct bytes packed CLEANUP(bytes_clear);
    bytes_init(&packed, 500);
    assert_int_equal(gzip_bytes(data, sizeof(data), &packed), -EFBIG);
    assert_int_equal(packed.len, 0);
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    struct bytes packed CLEANUP(bytes_clear);
    bytes_init(&packed, MAX_BYTES);
    assert_int_equal(gzip_bytes("some text to compress", 21, &packed), 0);
    for (size_t len = 0; len < packed.len; len++) {
        struct bytes plain CLEANUP(bytes_clear);
        bytes_init(&plain, 21); /* the cap is reached before the trailer is */
        assert_int_equal(gunzip_bytes(packed.data, len, &plain), -ENODATA);
        assert_int_equal(plain.len, 0);
    }
}

static void damage_is_noticed(void **state)
{
    (void)state;
    struct bytes packed CLEANUP(bytes_clear), plain CLEANUP(bytes_clear);
    bytes_init(&packed, MAX_BYTES);
    bytes_init(&plain, MAX_BYTES);
    assert_int_equal(gzip_bytes("some text to compress", 21, &packed), 0);
    packed.data[packed.len - 5] ^= 1; /* the checksum */
    assert_int_equal(gunzip_bytes(packed.data, packed.len, &plain), -EINVAL);
    assert_int_equal(gunzip_bytes("plain text", 10, &plain), -EINVAL);
    assert_int_equal(plain.len, 0);
}

static void a_second_member_is_refused(void **state)
{
    (void)state;
    struct bytes packed CLEANUP(bytes_clear), plain CLEANUP(bytes_clear), exact CLEANUP(bytes_clear);
    bytes_init(&packed, MAX_BYTES);
    bytes_init(&plain, MAX_BYTES);
    bytes_init(&exact, 4);
    assert_int_equal(gzip_bytes("text", 4, &packed), 0);
    assert_int_equal(gzip_bytes("text", 4, &packed), 0);
    assert_int_equal(gunzip_bytes(packed.data, packed.len, &plain), -EBADMSG);
    assert_int_equal(gunzip_bytes(packed.data, packed.len, &exact), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_compressed_comes_back),
        cmocka_unit_test(the_header_carries_no_time),
        cmocka_unit_test(both_append_to_what_is_there),
        cmocka_unit_test(the_cap_is_exact),
        cmocka_unit_test(compressing_past_the_cap_is_an_error),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(damage_is_noticed),
        cmocka_unit_test(a_second_member_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
