/* Tests of reading the rings and the loss counters. */
#include "pipeline/drain.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmocka_headers.h"

static struct capture_state state_of_tests;
static struct totals totals;

static int set_up(void **state)
{
    (void)state;
    state_of_tests = (struct capture_state){.pid = 1};
    state_of_tests.threads = calloc(1, sizeof(*state_of_tests.threads));
    state_of_tests.stacks = calloc(1, sizeof(*state_of_tests.stacks));
    state_of_tests.buckets = calloc(1, sizeof(*state_of_tests.buckets));
    state_of_tests.labels = calloc(1, sizeof(*state_of_tests.labels));
    state_of_tests.live = calloc(1, sizeof(*state_of_tests.live));
    state_of_tests.scratches = calloc(1, sizeof(*state_of_tests.scratches));
    totals_init(&totals);
    return state_of_tests.threads && state_of_tests.stacks && state_of_tests.buckets && state_of_tests.labels
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(state_of_tests.threads);
    free(state_of_tests.stacks);
    free(state_of_tests.buckets);
    free(state_of_tests.labels);
    free(state_of_tests.live);
    free(state_of_tests.scratches);
    totals_clear(&totals);
    return 0;
}

static struct thread_slot *thread_with(const char *name, int32_t tid, uint32_t records)
{
    struct thread_slot *slot = thread_slot_take(state_of_tests.threads);
    atomic_store(&slot->tid, tid);
    snprintf(slot->name, sizeof(slot->name), "%s", name);
    for (uint32_t i = 0; i < records; i++) {
        const struct record record = {.value = 10, .stack = 1, .tid = tid, .count = 1, .kind = RECORD_CPU};
        ring_push(&slot->ring, &record);
    }
    return slot;
}

static void every_ring_is_read_to_its_end(void **state)
{
    (void)state;
    struct thread_slot *first = thread_with("first", 100, 3),
                       *second = thread_with("second", 200, RING_RECORDS);
    thread_with("idle", 300, 0);
    drain_rings(&state_of_tests, &totals);
    assert_true(ring_is_empty(&first->ring));
    assert_true(ring_is_empty(&second->ring));
    assert_int_equal(totals.count, 2);
    assert_int_equal(totals.rows[0].count, 3);
    assert_string_equal(totals.rows[0].name, "first");
    assert_int_equal(totals.rows[1].count, RING_RECORDS);
    assert_int_equal(totals.rows[1].value, 10 * RING_RECORDS);
}

static void a_thread_that_has_ended_is_read_and_its_slot_freed(void **state)
{
    (void)state;
    struct thread_slot *slot = thread_with("gone", 100, 2);
    thread_slot_leave(state_of_tests.threads, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_EXITED);
    drain_rings(&state_of_tests, &totals);
    assert_int_equal(totals.rows[0].count, 2);
    assert_int_equal(totals.rows[0].tid, 100);
    assert_string_equal(totals.rows[0].name, "gone");
    assert_int_equal(atomic_load(&slot->state), SLOT_FREE);
    assert_ptr_equal(thread_slot_take(state_of_tests.threads), slot);
}

static void without_totals_records_are_thrown_away(void **state)
{
    (void)state;
    struct thread_slot *slot = thread_with("some", 100, 2);
    drain_rings(&state_of_tests, NULL);
    assert_true(ring_is_empty(&slot->ring));
    drain_rings(&state_of_tests, &totals);
    assert_int_equal(totals.count, 0);
}

static void every_loss_is_read(void **state)
{
    (void)state;
    struct losses losses;
    struct thread_slot *slot = thread_with("busy", 100, RING_RECORDS + 4);
    thread_with("busy", 200, RING_RECORDS + 5);
    atomic_store(&state_of_tests.sampling.late, 2);
    atomic_store(&state_of_tests.sampling.unready, 1);
    atomic_store(&state_of_tests.truncated, 3);
    atomic_store(&state_of_tests.failed, 4);
    atomic_store(&state_of_tests.modules.gated, 5);
    atomic_store(&state_of_tests.stacks->refused, 6);
    atomic_store(&state_of_tests.buckets->refused, 11);
    atomic_store(&state_of_tests.labels->refused, 12);
    atomic_store(&state_of_tests.waits_missed, 13);
    atomic_store(&state_of_tests.threads->refused, 7);
    atomic_store(&state_of_tests.sampling.refused_timers, 8);
    losses_read(&state_of_tests, &losses);
    assert_int_equal(losses.dropped, 9);
    assert_int_equal(losses.late, 2);
    assert_int_equal(losses.unready, 1);
    assert_int_equal(losses.truncated, 3);
    assert_int_equal(losses.failed, 4);
    assert_int_equal(losses.gated, 5);
    assert_int_equal(losses.stacks_full, 6);
    assert_int_equal(losses.buckets_full, 11);
    assert_int_equal(losses.labels_full, 12);
    assert_int_equal(losses.waits_missed, 13);
    assert_int_equal(losses.threads_refused, 7);
    assert_int_equal(losses.timers_refused, 8);
    /* What an ended thread lost stays counted. */
    thread_slot_leave(state_of_tests.threads, slot);
    drain_rings(&state_of_tests, NULL);
    losses_read(&state_of_tests, &losses);
    assert_int_equal(losses.dropped, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_ring_is_read_to_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thread_that_has_ended_is_read_and_its_slot_freed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_totals_records_are_thrown_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_loss_is_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
