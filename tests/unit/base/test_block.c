/* Tests of memory that goes back to the system. */
#include "base/block.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

static bool is_zero(const uint8_t *data, size_t size)
{
    size_t i = 0;
    while (i < size && !data[i])
        i++;
    return i == size;
}

static void blocks_of_every_size_begin_as_zeros(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 100, BLOCK_MAPPED_BYTES - 1, BLOCK_MAPPED_BYTES, 1 << 20};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint8_t *data = block_new(sizes[i]);
        assert_non_null(data);
        assert_true(is_zero(data, sizes[i]));
        memset(data, 1, sizes[i]);
        block_free(data, sizes[i]);
    }
    block_free(NULL, 0);
    block_free(NULL, 1 << 20);
}

static void what_a_block_holds_survives_growing_and_shrinking(void **state)
{
    (void)state;
    const size_t sizes[] = {10, 1000, BLOCK_MAPPED_BYTES, 1 << 20, 3 << 20, BLOCK_MAPPED_BYTES, 500, 10};
    uint8_t *data = NULL;
    size_t old = 0;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        data = block_resized(data, old, sizes[i]);
        assert_non_null(data);
        if (old)
            assert_memory_equal(data, "preflame!", 10);
        memcpy(data, "preflame!", 10);
        data[sizes[i] - 1] = 0;
        old = sizes[i];
    }
    block_free(data, old);
}

static void a_large_block_is_gone_when_it_is_freed(void **state)
{
    (void)state;
    unsigned char page;
    uint8_t *data = block_new(1 << 20);
    data[4096] = 1;
    void *inside = (void *)(((uintptr_t)data + 4096) & ~(uintptr_t)4095);
    assert_int_equal(mincore(inside, 1, &page), 0);
    block_free(data, 1 << 20);
    assert_int_equal(mincore(inside, 1, &page), -1);
    assert_int_equal(errno, ENOMEM);
}

static void too_much_is_refused_and_the_block_stays(void **state)
{
    (void)state;
    assert_null(block_new(SIZE_MAX / 2));
    uint8_t *data = block_new(1 << 20);
    data[7] = 7;
    assert_null(block_resized(data, 1 << 20, SIZE_MAX / 2));
    assert_int_equal(data[7], 7);
    block_free(data, 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_every_size_begin_as_zeros),
        cmocka_unit_test(what_a_block_holds_survives_growing_and_shrinking),
        cmocka_unit_test(a_large_block_is_gone_when_it_is_freed),
        cmocka_unit_test(too_much_is_refused_and_the_block_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
