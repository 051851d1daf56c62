/* Tests of the live set. */
#include "fixture.h"

#include "capture/live.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

#define BLOCKS (LIVE_SETS * LIVE_WAYS)
#define THREADS 4
#define ROUNDS 40000
#define HELD 64

static struct live_table *table;

static int set_up(void **state)
{
    (void)state;
    table = fixture_map(sizeof(*table));
    memset((void *)live_filter, 0, sizeof(live_filter));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap(table, sizeof(*table));
}

/* Addresses like an allocator's. */
static void *block_at(uint64_t number)
{
    return (void *)(uintptr_t)(UINT64_C(0x7f0000000010) + number * 48);
}

static void a_block_is_held_from_its_entry_to_its_taking(void **state)
{
    (void)state;
    struct live_sample sample = {.bucket = BUCKETS_MAX - 1, .size = (UINT64_C(1) << 47) - 1}, found;
    assert_false(live_may_hold(block_at(1)));
    assert_true(live_enter(table, block_at(1), &sample));
    assert_true(live_may_hold(block_at(1)));
    assert_true(live_take(table, block_at(1), &found));
    assert_int_equal(found.bucket, sample.bucket);
    assert_int_equal(found.size, sample.size);
    assert_false(live_may_hold(block_at(1)));
}

static void what_was_never_entered_or_taken_before_is_not_there(void **state)
{
    (void)state;
    struct live_sample sample = {.bucket = 1, .size = 1}, found;
    assert_false(live_take(table, block_at(1), &found));
    assert_true(live_enter(table, block_at(1), &sample));
    assert_false(live_take(table, block_at(2), &found));
    assert_false(live_take(table, NULL, &found));
    assert_true(live_take(table, block_at(1), &found));
    assert_false(live_take(table, block_at(1), &found)); /* a program's second release */
}

static void every_block_of_many_is_found_again_with_its_own_sample(void **state)
{
    (void)state;
    const uint64_t count = 200000; /* beyond the small levels */
    for (uint64_t i = 0; i < count; i++) {
        struct live_sample sample = {.bucket = (uint32_t)(i % BUCKETS_MAX), .size = i};
        assert_true(live_enter(table, block_at(i), &sample));
    }
    for (uint64_t i = 0; i < count; i++) {
        struct live_sample found = {0};
        assert_true(live_may_hold(block_at(i)));
        assert_true(live_take(table, block_at(i), &found));
        assert_int_equal(found.bucket, i % BUCKETS_MAX);
        assert_int_equal(found.size, i);
    }
    assert_int_equal(atomic_load(&table->refused), 0);
}

static void a_full_set_refuses_counts_and_takes_again_what_has_room(void **state)
{
    (void)state;
    struct live_sample sample = {.bucket = 1, .size = 1}, found;
    uint64_t entered = 0, number = 0;
    while (live_enter(table, block_at(number), &sample)) {
        entered++;
        number++;
    }
    assert_true(entered > BLOCKS / 2);
    assert_int_equal(atomic_load(&table->refused), 1);
    assert_false(live_take(table, block_at(number), &found));
    for (uint64_t i = 0; i < number; i++)
        assert_true(live_take(table, block_at(i), &found));
    assert_true(live_enter(table, block_at(number), &sample));
}

static void a_size_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct live_sample sample = {.bucket = 1, .size = UINT64_C(1) << 47};
    assert_false(live_enter(table, block_at(1), &sample));
    assert_false(live_may_hold(block_at(1)));
    assert_int_equal(atomic_load(&table->refused), 1);
}

static void a_crowded_place_of_the_filter_never_forgets(void **state)
{
    (void)state;
    struct live_sample sample = {.bucket = 1, .size = 1}, found;
    const uint64_t step = UINT64_C(1) << 38; /* equal in all bits that the filter looks at */
    uintptr_t base = (uintptr_t)block_at(0);
    for (uint64_t i = 0; i < 300; i++)
        assert_true(live_enter(table, (void *)(base + i * step), &sample));
    for (uint64_t i = 0; i < 300; i++) {
        assert_true(live_may_hold((void *)(base + i * step)));
        assert_true(live_take(table, (void *)(base + i * step), &found));
    }
}

static void what_the_filter_keeps_may_always_be_held(void **state)
{
    (void)state;
    struct live_sample sample = {.bucket = 1, .size = 1}, found;
    live_filter_keep(block_at(5));
    assert_true(live_enter(table, block_at(5), &sample));
    assert_true(live_take(table, block_at(5), &found));
    assert_true(live_may_hold(block_at(5)));
}

/* Every thread has blocks of its own, in the same sets and filter bytes as the others'. */
static void *churn(void *argument)
{
    uint64_t mine = (uint64_t)(uintptr_t)argument;
    uintptr_t mistakes = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t number = (round % HELD) * THREADS + mine;
        struct live_sample sample = {.bucket = (uint32_t)mine, .size = round}, found;
        if (round >= HELD)
            mistakes += !live_may_hold(block_at(number)) || !live_take(table, block_at(number), &found) ||
                        found.bucket != mine || found.size != round - HELD;
        mistakes += !live_enter(table, block_at(number), &sample);
    }
    return (void *)mistakes;
}

static void threads_find_what_they_entered_while_others_enter_and_take(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        void *mistakes;
        assert_int_equal(pthread_join(threads[i], &mistakes), 0);
        assert_int_equal((uintptr_t)mistakes, 0);
    }
    struct live_sample found;
    for (uint64_t i = 0; i < THREADS * HELD; i++)
        assert_true(live_take(table, block_at(i), &found));
    for (unsigned i = 0; i < LIVE_FILTER; i++)
        assert_int_equal(atomic_load(&live_filter[i]), 0);
}

static void limited_set_uses_fewer_levels(void **state)
{
    (void)state;
    const struct live_sample sample = {.bucket = 1, .size = 1};
    assert_int_equal(live_levels_of(LIVE_SETS), LIVE_LEVELS);
    assert_int_equal(live_levels_of(LIVE_SETS - 1), LIVE_LEVELS - 1);
    assert_int_equal(live_levels_of(LIVE_LEVEL_0_SETS * 5), 2);
    assert_int_equal(live_levels_of(0), 1);
    table->level_limit = 2;
    uint64_t entered = 0;
    for (uint64_t i = 0; i < (uint64_t)LIVE_LEVEL_0_SETS * 5 * LIVE_WAYS * 2; i++)
        entered += live_enter(table, block_at(i), &sample);
    assert_int_equal(atomic_load(&table->levels), 2);
    assert_in_range(entered, LIVE_LEVEL_0_SETS * 4 * LIVE_WAYS, LIVE_LEVEL_0_SETS * 5 * LIVE_WAYS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_block_is_held_from_its_entry_to_its_taking),
        TEST(what_was_never_entered_or_taken_before_is_not_there),
        TEST(every_block_of_many_is_found_again_with_its_own_sample),
        TEST(a_full_set_refuses_counts_and_takes_again_what_has_room),
        TEST(a_size_that_does_not_fit_is_refused),
        TEST(a_crowded_place_of_the_filter_never_forgets),
        TEST(what_the_filter_keeps_may_always_be_held),
        TEST(limited_set_uses_fewer_levels),
        TEST(threads_find_what_they_entered_while_others_enter_and_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
