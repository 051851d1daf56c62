/* Tests of the bucket table. */
#include "fixture.h"

#include "capture/buckets.h"

#include <pthread.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

static struct bucket_table *table;

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

static void equal_keys_share_a_bucket_and_its_values_add_up(void **state)
{
    (void)state;
    struct bucket_key key = {.kind = BUCKET_BLOCK, .stack = 7, .detail = 3, .other = 9, .labels = 1};
    struct bucket *bucket = bucket_of(table, &key);
    assert_non_null(bucket);
    bucket_add(bucket, 0, 1);
    bucket_add(bucket_of(table, &key), 0, 2);
    assert_ptr_equal(bucket_of(table, &key), bucket);
    assert_int_equal(atomic_load(&bucket->values[0]), 3);
    assert_int_equal(atomic_load(&table->used), 1);
}

static void any_difference_makes_another_bucket(void **state)
{
    (void)state;
    const struct bucket_key keys[] = {
        {.kind = 1},
        {.kind = 2},
        {.kind = 1, .stack = 1},
        {.kind = 1, .detail = 1},
        {.kind = 1, .other = 1},
        {.kind = 1, .labels = 1},
        {.kind = 1, .stack = 1, .detail = UINT64_C(1) << 32},
    };
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(bucket_of(table, &keys[i]), bucket_of(table, &keys[k]));
    }
    assert_int_equal(atomic_load(&table->used), ARRAY_SIZE(keys));
}

static void a_full_table_refuses_new_keys_knows_old_ones_and_counts(void **state)
{
    (void)state;
    struct bucket_key key = {.kind = BUCKET_HEAP};
    struct bucket *first = bucket_of(table, &key);
    uint32_t refused = 0;
    for (key.detail = 1; key.detail < BUCKETS_MAX + 100; key.detail++)
        refused += !bucket_of(table, &key);
    assert_int_equal(refused, 100);
    assert_int_equal(atomic_load(&table->refused), refused);
    key.detail = 0;
    assert_ptr_equal(bucket_of(table, &key), first);
}

static void count(struct bucket *bucket, void *context)
{
    *(int64_t *)context += atomic_load(&bucket->values[0]);
}

static void each_visits_one_kind_and_forget_zeroes_only_that(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 10; i++) {
        bucket_add(bucket_of(table, &(struct bucket_key){.kind = BUCKET_MUTEX, .stack = i}), 0, 1);
        bucket_add(bucket_of(table, &(struct bucket_key){.kind = BUCKET_BLOCK, .stack = i}), 0, 100);
    }
    int64_t mutex = 0, block = 0;
    buckets_each(table, BUCKET_MUTEX, count, &mutex);
    assert_int_equal(mutex, 10);
    buckets_forget(table, BUCKET_MUTEX);
    mutex = 0;
    buckets_each(table, BUCKET_MUTEX, count, &mutex);
    buckets_each(table, BUCKET_BLOCK, count, &block);
    assert_int_equal(mutex, 0);
    assert_int_equal(block, 1000);
}

#define RACERS 4
#define RACED_KEYS 5000

static void *race(void *argument)
{
    for (uint64_t i = 0; i < RACED_KEYS; i++)
        bucket_add(bucket_of(table, &(struct bucket_key){.kind = BUCKET_IO, .detail = i}), 0, 1);
    return argument;
}

static void racing_threads_agree_on_buckets_and_lose_nothing(void **state)
{
    (void)state;
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, NULL), 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (uint64_t i = 0; i < RACED_KEYS; i++) {
        struct bucket *bucket = bucket_of(table, &(struct bucket_key){.kind = BUCKET_IO, .detail = i});
        assert_int_equal(atomic_load(&bucket->values[0]), RACERS);
    }
}

static void limited_table_refuses_earlier(void **state)
{
    (void)state;
    table->limit = 10;
    for (uint64_t i = 0; i < 12; i++) {
        struct bucket *bucket = bucket_of(table, &(struct bucket_key){.kind = BUCKET_IO, .detail = i});
        assert_int_equal(bucket != NULL, i < 10);
    }
    assert_int_equal(atomic_load(&table->refused), 2);
    assert_non_null(bucket_of(table, &(struct bucket_key){.kind = BUCKET_IO, .detail = 3}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_keys_share_a_bucket_and_its_values_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_difference_makes_another_bucket, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_table_refuses_new_keys_knows_old_ones_and_counts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_visits_one_kind_and_forget_zeroes_only_that, set_up, tear_down),
        cmocka_unit_test_setup_teardown(racing_threads_agree_on_buckets_and_lose_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limited_table_refuses_earlier, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
