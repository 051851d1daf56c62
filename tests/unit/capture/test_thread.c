/* Tests of the thread slots. */
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmocka_headers.h"

static struct thread_table *table;

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

static void a_slot_is_taken_reset_found_and_left(void **state)
{
    (void)state;
    struct thread_slot *slot = thread_slot_take(table);
    assert_non_null(slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_LIVE);
    assert_true(ring_is_empty(&slot->ring));
    atomic_store(&slot->tid, 42);
    slot->is_foreign = slot->is_internal = true;
    slot->stack_high = 1;
    atomic_store(&slot->timer, TIMER_CLOSED);
    snprintf(slot->name, sizeof(slot->name), "worker");
    assert_ptr_equal(thread_slot_find(table, 42), slot);
    assert_null(thread_slot_find(table, 43));
    thread_slot_leave(table, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_FREE);
    assert_null(thread_slot_find(table, 42));
    struct thread_slot *again = thread_slot_take(table);
    assert_ptr_equal(again, slot);
    assert_false(again->is_foreign);
    assert_false(again->is_internal);
    assert_int_equal(again->stack_high, 0);
    assert_string_equal(again->name, "");
    assert_int_equal(atomic_load(&again->timer), TIMER_NONE);
    assert_int_equal(atomic_load(&again->tid), 0);
    assert_int_equal(atomic_load(&table->high_water), 1);
}

static void a_slot_with_records_waits_for_the_drain(void **state)
{
    (void)state;
    struct record record = {.count = 1};
    struct thread_slot *slot = thread_slot_take(table);
    ring_push(&slot->ring, &record);
    thread_slot_leave(table, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_EXITED);
    thread_slot_reap(table, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_EXITED);
    assert_ptr_not_equal(thread_slot_take(table), slot);
    assert_true(ring_pop(&slot->ring, &record));
    thread_slot_reap(table, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_FREE);
    assert_ptr_equal(thread_slot_take(table), slot);
}

static void a_slot_stays_until_its_last_holder_leaves(void **state)
{
    (void)state;
    struct thread_slot *slot = thread_slot_take(table);
    thread_slot_hold(slot);
    thread_slot_leave(table, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_LIVE);
    assert_ptr_not_equal(thread_slot_take(table), slot);
    thread_slot_leave(table, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_FREE);
    assert_ptr_equal(thread_slot_take(table), slot);
}

static void reaping_leaves_live_and_free_slots_alone(void **state)
{
    (void)state;
    struct thread_slot *slot = thread_slot_take(table);
    thread_slot_reap(table, slot);
    assert_int_equal(atomic_load(&slot->state), SLOT_LIVE);
    thread_slot_leave(table, slot);
    thread_slot_reap(table, slot);
    assert_ptr_equal(thread_slot_take(table), slot);
    assert_ptr_not_equal(thread_slot_take(table), slot); /* it wasn't freed twice */
}

static void a_full_table_refuses_and_counts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < THREAD_SLOTS; i++)
        assert_non_null(thread_slot_take(table));
    assert_null(thread_slot_take(table));
    assert_null(thread_slot_take(table));
    assert_int_equal(atomic_load(&table->refused), 2);
    assert_int_equal(atomic_load(&table->high_water), THREAD_SLOTS);
    thread_slot_leave(table, &table->slots[100]);
    assert_ptr_equal(thread_slot_take(table), &table->slots[100]);
    assert_int_equal(atomic_load(&table->refused), 2);
}

static void *say_number(void *argument)
{
    *(int32_t *)argument = (int32_t)syscall(SYS_gettid);
    return NULL;
}

/* The number of a thread that is no more. */
static int32_t gone_tid(void)
{
    pthread_t thread;
    int32_t tid = 0;
    assert_int_equal(pthread_create(&thread, NULL, say_number, &tid), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    while (syscall(SYS_tgkill, getpid(), tid, 0) == 0)
        ; /* the join is told a moment before the kernel is done */
    return tid;
}

static struct thread_slot *take_for(int32_t tid, bool is_foreign)
{
    struct thread_slot *slot = thread_slot_take(table);
    slot->is_foreign = is_foreign;
    atomic_store(&slot->tid, tid);
    return slot;
}

static void sweeping_frees_strangers_that_are_gone_and_nobody_else(void **state)
{
    (void)state;
    int32_t gone = gone_tid();
    struct thread_slot *ours = take_for(gone, false);
    struct thread_slot *alive = take_for((int32_t)syscall(SYS_gettid), true);
    struct thread_slot *ticking = take_for(gone, true);
    atomic_store(&ticking->timer, TIMER_ARMED);
    struct thread_slot *stranger = take_for(gone, true);
    assert_int_equal(thread_slots_sweep(table), 1);
    assert_int_equal(atomic_load(&ours->state), SLOT_LIVE);
    assert_int_equal(atomic_load(&alive->state), SLOT_LIVE);
    assert_int_equal(atomic_load(&ticking->state), SLOT_LIVE);
    assert_int_equal(atomic_load(&stranger->state), SLOT_FREE);
    assert_int_equal(thread_slots_sweep(table), 0);
}

static void a_table_full_of_strangers_that_are_gone_has_room(void **state)
{
    (void)state;
    int32_t gone = gone_tid();
    for (unsigned i = 0; i < THREAD_SLOTS; i++)
        take_for(gone, true);
    for (unsigned i = 0; i < THREAD_SLOTS; i++)
        assert_non_null(thread_slot_take(table));
    assert_int_equal(atomic_load(&table->refused), 0);
}

#define HAMMERS 8
#define ROUNDS 60000
#define HELD 3

static _Atomic uint32_t shared_slots; /* slots that two threads held at once */

static void *hammer(void *argument)
{
    int32_t self = (int32_t)(intptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        struct thread_slot *held[HELD];
        for (int i = 0; i < HELD; i++) {
            held[i] = thread_slot_take(table);
            if (held[i] && atomic_exchange(&held[i]->tid, self) != 0)
                atomic_fetch_add(&shared_slots, 1);
        }
        for (int i = 0; i < HELD; i++) {
            if (!held[i] || atomic_load(&held[i]->tid) != self)
                atomic_fetch_add(&shared_slots, 1);
            else
                thread_slot_leave(table, held[i]);
        }
    }
    return NULL;
}

static void eight_threads_hammering_never_share_a_slot(void **state)
{
    (void)state;
    pthread_t threads[HAMMERS];
    for (intptr_t i = 0; i < HAMMERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, (void *)(i + 1)), 0);
    for (int i = 0; i < HAMMERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared_slots), 0);
    assert_int_equal(atomic_load(&table->refused), 0);
    uint32_t used = atomic_load(&table->high_water), taken = 0;
    assert_true(used <= HAMMERS * HELD);
    /* Every slot that was ever used is free, once. */
    for (; taken < used; taken++)
        atomic_store(&thread_slot_take(table)->tid, 99);
    assert_int_equal(atomic_load(&table->high_water), used);
    for (uint32_t i = 0; i < used; i++)
        assert_int_equal(atomic_load(&table->slots[i].tid), 99);
}

static void limited_table_refuses_earlier(void **state)
{
    (void)state;
    table->slot_limit = 3;
    struct thread_slot *slots[3];
    for (int i = 0; i < 3; i++)
        assert_non_null(slots[i] = thread_slot_take(table));
    assert_null(thread_slot_take(table));
    assert_int_equal(atomic_load(&table->refused), 1);
    thread_slot_leave(table, slots[1]);
    assert_ptr_equal(thread_slot_take(table), slots[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slot_is_taken_reset_found_and_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slot_stays_until_its_last_holder_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slot_with_records_waits_for_the_drain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reaping_leaves_live_and_free_slots_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_table_refuses_and_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sweeping_frees_strangers_that_are_gone_and_nobody_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_table_full_of_strangers_that_are_gone_has_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(eight_threads_hammering_never_share_a_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limited_table_refuses_earlier, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
