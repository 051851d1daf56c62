/* Tests of the stack dictionary. */
#include "fixture.h"

#include "capture/stacks.h"

#include <pthread.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

static struct stack_table *table;

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

static void equal_stacks_get_one_number_and_keep_their_pcs(void **state)
{
    (void)state;
    const uint64_t pcs[] = {0x1000, 0x2000, 0x3000};
    uint32_t id = stacks_intern(table, pcs, 3, 0);
    assert_true(id > 0);
    assert_int_equal(stacks_intern(table, pcs, 3, 0), id);
    struct stack_entry *entry = stacks_entry(table, id);
    assert_non_null(entry);
    assert_int_equal(entry->count, 3);
    assert_memory_equal(entry->pcs, pcs, sizeof(pcs));
    assert_int_equal(atomic_load(&entry->sent_session), 0);
    assert_int_equal(atomic_load(&table->used_slots), 1);
}

static void any_difference_makes_another_number(void **state)
{
    (void)state;
    const uint64_t pcs[] = {1, 2, 3}, other[] = {1, 2, 4}, turned[] = {3, 2, 1};
    uint32_t ids[] = {stacks_intern(table, pcs, 3, 0), stacks_intern(table, pcs, 2, 0),
                      stacks_intern(table, pcs, 3, 1), stacks_intern(table, other, 3, 0),
                      stacks_intern(table, turned, 3, 0)};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_true(ids[i] > 0);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(ids[i], ids[k]);
    }
    assert_int_equal(stacks_entry(table, ids[2])->epoch, 1);
}

static void numbers_never_given_have_no_entry(void **state)
{
    (void)state;
    assert_null(stacks_entry(table, 0));
    assert_null(stacks_entry(table, 1));
    assert_null(stacks_entry(table, STACK_SLOTS));
    assert_null(stacks_entry(table, STACK_SLOTS + 1));
    assert_null(stacks_entry(table, UINT32_MAX));
}

static void a_table_full_of_stacks_refuses_new_ones_knows_old_ones_and_counts(void **state)
{
    (void)state;
    uint64_t pc = 1;
    uint32_t first = stacks_intern(table, &pc, 1, 0), refused = 0;
    for (pc = 2; pc <= STACK_SLOTS; pc++)
        refused += stacks_intern(table, &pc, 1, 0) == 0;
    assert_true(atomic_load(&table->used_slots) >= STACK_SLOTS / 4 * 3);
    assert_int_equal(refused, STACK_SLOTS - atomic_load(&table->used_slots));
    assert_int_equal(atomic_load(&table->refused), refused);
    pc = 1;
    assert_int_equal(stacks_intern(table, &pc, 1, 0), first);
    assert_int_equal(atomic_load(&table->refused), refused);
}

static void a_full_arena_refuses_and_counts(void **state)
{
    (void)state;
    uint64_t pcs[512] = {0};
    uint32_t given = 0;
    uint64_t number = 0;
    for (; number < 2 * STACK_WORDS / 512; number++) {
        pcs[511] = number;
        given += stacks_intern(table, pcs, 512, 0) != 0;
    }
    assert_int_equal(given, STACK_WORDS / (512 + 3));
    assert_int_equal(atomic_load(&table->refused), number - given);
    pcs[511] = 0;
    assert_true(stacks_intern(table, pcs, 512, 0) > 0);
}

#define RACERS 4
#define RACE_STACKS 20000

static uint32_t race_ids[RACERS][RACE_STACKS];

static void *race(void *argument)
{
    uint32_t *ids = argument;
    for (uint32_t i = 0; i < RACE_STACKS; i++) {
        const uint64_t pcs[] = {i, 0x5555, i * 7};
        ids[i] = stacks_intern(table, pcs, 3, 0);
    }
    return NULL;
}

static void four_racing_threads_get_the_same_numbers(void **state)
{
    (void)state;
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, race_ids[i]), 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&table->used_slots), RACE_STACKS);
    for (uint32_t i = 0; i < RACE_STACKS; i++) {
        assert_true(race_ids[0][i] > 0);
        assert_int_equal(stacks_entry(table, race_ids[0][i])->pcs[2], i * 7);
        for (int k = 1; k < RACERS; k++)
            assert_int_equal(race_ids[k][i], race_ids[0][i]);
    }
}

static void limited_table_refuses_earlier(void **state)
{
    (void)state;
    table->word_limit = 1000;
    uint64_t pcs[100] = {0};
    uint32_t first = 0, kept = 0;
    for (uint64_t i = 1; i <= 100; i++) {
        pcs[0] = i;
        uint32_t id = stacks_intern(table, pcs, 100, 0);
        kept += id != 0;
        first = i == 1 ? id : first;
    }
    assert_in_range(kept, 9, 10);
    assert_int_equal(atomic_load(&table->refused), 100 - kept);
    pcs[0] = 1;
    assert_int_equal(stacks_intern(table, pcs, 100, 0), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_stacks_get_one_number_and_keep_their_pcs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_difference_makes_another_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_never_given_have_no_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_full_of_stacks_refuses_new_ones_knows_old_ones_and_counts,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_arena_refuses_and_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(four_racing_threads_get_the_same_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limited_table_refuses_earlier, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
