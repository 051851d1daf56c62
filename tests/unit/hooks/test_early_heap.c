/* Tests of the memory for allocations that come before the allocator. */
#include "hooks/early_heap.h"

#include "capture/live.h"

#include <errno.h>
#include <string.h>

#include "cmocka_headers.h"

static void blocks_are_apart_aligned_zero_and_known(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 16, 17, 1000};
    char *blocks[ARRAY_SIZE(sizes)];
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        blocks[i] = early_heap_take(sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        assert_true(early_heap_has(blocks[i]));
        assert_true(live_may_hold(blocks[i]));
        assert_int_equal(early_heap_size(blocks[i]), sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], 0xff, sizes[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        assert_int_equal(early_heap_size(blocks[i]), sizes[i]);
}

static void other_memory_is_not_its_own(void **state)
{
    char here = 0;
    assert_false(early_heap_has(&here));
    assert_false(early_heap_has(state));
    assert_false(early_heap_has(NULL));
}

static void what_does_not_fit_is_refused_and_smaller_blocks_are_not(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 8, 1 << 20};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        errno = 0;
        assert_null(early_heap_take(sizes[i]));
        assert_int_equal(errno, ENOMEM);
    }
    unsigned taken = 0;
    while (early_heap_take(100))
        taken++;
    assert_true(taken > 50);
    assert_null(early_heap_take(100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_apart_aligned_zero_and_known),
        cmocka_unit_test(other_memory_is_not_its_own),
        cmocka_unit_test(what_does_not_fit_is_refused_and_smaller_blocks_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
