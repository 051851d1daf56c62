/* Tests of the record ring. */
#include "capture/ring.h"

#include <pthread.h>
#include <sched.h>

#include "cmocka_headers.h"

static struct record records[RING_RECORDS];
static struct ring ring;

static struct record numbered(uint32_t number)
{
    return (struct record){
        .time_ns = number, .value = -(int64_t)number, .stack = number, .count = number % 3 + 1};
}

static void push(uint32_t number)
{
    struct record record = numbered(number);
    ring_push(&ring, &record);
}

static int set_up(void **state)
{
    (void)state;
    ring = (struct ring){.records = records};
    return 0;
}

static void records_come_out_whole_and_in_order(void **state)
{
    (void)state;
    struct record record;
    assert_true(ring_is_empty(&ring));
    assert_false(ring_pop(&ring, &record));
    for (uint32_t i = 0; i < RING_RECORDS; i++)
        push(i);
    assert_false(ring_is_empty(&ring));
    for (uint32_t i = 0; i < RING_RECORDS; i++) {
        struct record expected = numbered(i);
        assert_true(ring_pop(&ring, &record));
        assert_memory_equal(&record, &expected, sizeof(record));
    }
    assert_false(ring_pop(&ring, &record));
    assert_int_equal(atomic_load(&ring.dropped), 0);
}

static void full_ring_drops_and_counts_by_the_records_count(void **state)
{
    (void)state;
    struct record record = {.count = 1};
    for (uint32_t i = 0; i < RING_RECORDS; i++)
        push(i);
    record.count = 5;
    ring_push(&ring, &record);
    record.count = 2;
    ring_push(&ring, &record);
    assert_int_equal(atomic_load(&ring.dropped), 7);
    assert_true(ring_pop(&ring, &record));
    assert_int_equal(record.time_ns, 0); /* the oldest are kept */
    push(1000);
    assert_int_equal(atomic_load(&ring.dropped), 7);
    for (uint32_t i = 1; i < RING_RECORDS; i++)
        assert_true(ring_pop(&ring, &record));
    assert_true(ring_pop(&ring, &record));
    assert_int_equal(record.time_ns, 1000);
}

static void indices_wrap_around_at_four_billion(void **state)
{
    (void)state;
    struct record record;
    atomic_store(&ring.head, UINT32_MAX - 5);
    atomic_store(&ring.tail, UINT32_MAX - 5);
    for (uint32_t i = 0; i < RING_RECORDS + 1; i++)
        push(i);
    assert_int_equal(atomic_load(&ring.dropped), RING_RECORDS % 3 + 1);
    for (uint32_t i = 0; i < RING_RECORDS; i++) {
        assert_true(ring_pop(&ring, &record));
        assert_int_equal(record.time_ns, i);
    }
    assert_true(ring_is_empty(&ring));
}

#define MANY 400000

static void *produce(void *argument)
{
    for (uint32_t i = 0; i < MANY; i++) {
        push(i);
        if (i % 32 == 0)
            sched_yield();
    }
    return argument;
}

static void two_threads_lose_nothing_uncounted(void **state)
{
    (void)state;
    pthread_t producer;
    uint64_t events_sent = 0, events_read = 0, records_read = 0;
    int64_t last_ns = -1;
    bool is_ordered = true, is_whole = true;
    for (uint32_t i = 0; i < MANY; i++)
        events_sent += numbered(i).count;
    assert_int_equal(pthread_create(&producer, NULL, produce, NULL), 0);
    for (bool is_over = false; !is_over;) {
        struct record record;
        is_over = pthread_tryjoin_np(producer, NULL) == 0;
        while (ring_pop(&ring, &record)) {
            is_ordered &= record.time_ns > last_ns;
            is_whole &= record.value == -record.time_ns && record.stack == (uint32_t)record.time_ns;
            last_ns = record.time_ns;
            events_read += record.count;
            records_read++;
        }
    }
    assert_true(is_ordered);
    assert_true(is_whole);
    assert_true(records_read >= RING_RECORDS);
    assert_int_equal(events_read + atomic_load(&ring.dropped), events_sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_come_out_whole_and_in_order, set_up),
        cmocka_unit_test_setup(full_ring_drops_and_counts_by_the_records_count, set_up),
        cmocka_unit_test_setup(indices_wrap_around_at_four_billion, set_up),
        cmocka_unit_test_setup(two_threads_lose_nothing_uncounted, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
