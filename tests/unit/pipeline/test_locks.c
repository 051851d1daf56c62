/* Tests of what is told when locks are taken in a wrong order. */
#include "pipeline/locks.h"

#include "cmocka_headers.h"

static struct lock outer = LOCK_INITIALIZER(CONTROL), inner = LOCK_INITIALIZER(PIPELINE);
static _Thread_local uint32_t held_of_tests;
static unsigned told;
static enum lock_rank told_of;
static uint32_t told_held;

static uint32_t *held(void)
{
    return &held_of_tests;
}

static void tell(enum lock_rank taken, uint32_t before)
{
    told++;
    told_of = taken;
    told_held = before;
}

static int set_up(void **state)
{
    (void)state;
    locks_init(held, tell);
    held_of_tests = 0;
    told = 0;
    return 0;
}

static void the_order_of_the_list_is_not_told(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        lock_take(&outer);
        lock_take(&inner);
        lock_leave(&inner);
        lock_leave(&outer);
    }
    lock_take(&inner);
    lock_leave(&inner);
    assert_int_equal(told, 0);
    assert_int_equal(held_of_tests, 0);
}

static void another_order_is_told_with_both_locks(void **state)
{
    (void)state;
    lock_take(&inner);
    lock_take(&outer);
    assert_int_equal(told, 1);
    assert_int_equal(told_of, LOCK_RANK_CONTROL);
    assert_int_equal(told_held, 1U << LOCK_RANK_PIPELINE);
    assert_string_equal(lock_rank_name(told_of), "control_lock");
    lock_leave(&outer);
    lock_leave(&inner);
    assert_int_equal(held_of_tests, 0);
}

static void locks_are_left_in_any_order(void **state)
{
    (void)state;
    lock_take(&outer);
    lock_take(&inner);
    lock_leave(&outer);
    lock_take(&outer); /* under the inner one: wrong */
    assert_int_equal(told, 1);
    lock_leave(&inner);
    lock_leave(&outer);
}

static void a_lock_that_is_tried_is_held_but_in_any_order(void **state)
{
    (void)state;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lock_take(&inner);
    assert_false(lock_is_held(&outer));
    assert_true(lock_try(&outer));
    assert_true(lock_is_held(&outer));
    assert_false(lock_try(&outer));
    assert_false(lock_wait(&outer, &now));
    lock_leave(&outer);
    assert_true(lock_wait(&outer, &now));
    lock_leave(&inner);
    assert_int_equal(told, 0);
    lock_note(LOCK_RANK_LOAD);
    assert_int_equal(told, 1);
    lock_note_end(LOCK_RANK_LOAD);
    lock_leave(&outer);
}

static void a_renewed_lock_is_held_by_nobody(void **state)
{
    (void)state;
    lock_take(&inner);
    lock_renew(&inner);
    lock_take(&outer);
    assert_true(lock_try(&inner));
    assert_int_equal(told, 0);
    lock_leave(&inner);
    lock_leave(&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_order_of_the_list_is_not_told, set_up),
        cmocka_unit_test_setup(another_order_is_told_with_both_locks, set_up),
        cmocka_unit_test_setup(locks_are_left_in_any_order, set_up),
        cmocka_unit_test_setup(a_lock_that_is_tried_is_held_but_in_any_order, set_up),
        cmocka_unit_test_setup(a_renewed_lock_is_held_by_nobody, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
