/* Tests of the stack dictionary. */
#include "fixture.h"

#include "capture/stacks.h"

#include <pthread.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

static struct stack_table *table;
static uint64_t read_pcs[STACK_FRAMES_MAX];

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
    uint32_t epoch = 7;
    assert_int_equal(stacks_read(table, id, read_pcs, &epoch), 3);
    assert_memory_equal(read_pcs, pcs, sizeof(pcs));
    assert_int_equal(epoch, 0);
    assert_int_equal(atomic_load(&table->sent[id - 1]), 0);
    assert_int_equal(atomic_load(&table->stacks), 1);
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
    uint32_t epoch = 0;
    assert_int_equal(stacks_read(table, ids[2], read_pcs, &epoch), 3);
    assert_int_equal(epoch, 1);
    assert_int_equal(atomic_load(&table->stacks), ARRAY_SIZE(ids));
}

static void a_pc_is_read_as_it_was_written(void **state)
{
    (void)state;
    const uint64_t pcs[] = {0, 1, UINT32_MAX, 0x7fffffffffff, 0xffffffffff600123};
    uint32_t id = stacks_intern(table, pcs, ARRAY_SIZE(pcs), 0);
    assert_int_equal(stacks_read(table, id, read_pcs, NULL), ARRAY_SIZE(pcs));
    assert_memory_equal(read_pcs, pcs, sizeof(pcs));
}

static void numbers_never_given_are_no_stack(void **state)
{
    (void)state;
    const uint64_t pcs[] = {0x1000, 0x2000, 0x3000};
    uint32_t id = stacks_intern(table, pcs, 3, 0), known = 0;
    for (uint32_t i = 0; i <= STACK_NODES + 1; i++)
        known += i != id && stacks_read(table, i, read_pcs, NULL) != 0;
    assert_int_equal(known, 0);
    assert_int_equal(stacks_read(table, UINT32_MAX, read_pcs, NULL), 0);
}

/* The stack of a number: as real ones, 30 deep, whose first half is one of few and whose end is its own. */
static void make_stack(uint32_t number, uint64_t *pcs)
{
    for (uint32_t depth = 0; depth < 30; depth++) {
        uint64_t kind = depth < 20   ? number >> 12
                        : depth < 26 ? number >> 4
                        : depth < 28 ? number >> 1
                                     : number;
        pcs[29 - depth] = 0x550000001000 + (kind * 31 + depth) * 16;
    }
}

#define MANY_STACKS 100000

static void hundred_thousand_stacks_fit_in_four_megabytes(void **state)
{
    (void)state;
    uint64_t pcs[30];
    static uint32_t ids[MANY_STACKS];
    static unsigned char pages[sizeof(struct stack_table) / 4096 + 1];
    for (uint32_t i = 0; i < MANY_STACKS; i++) {
        make_stack(i, pcs);
        ids[i] = stacks_intern(table, pcs, 30, 0);
        assert_true(ids[i] > 0);
    }
    for (uint32_t i = 0; i < MANY_STACKS; i++) {
        make_stack(i, pcs);
        assert_int_equal(stacks_read(table, ids[i], read_pcs, NULL), 30);
        assert_memory_equal(read_pcs, pcs, sizeof(pcs));
    }
    assert_int_equal(atomic_load(&table->stacks), MANY_STACKS);
    assert_int_equal(atomic_load(&table->refused), 0);
    assert_int_equal(mincore(table, sizeof(*table), pages), 0);
    size_t resident = 0;
    for (size_t i = 0; i < sizeof(pages); i++)
        resident += pages[i] & 1;
    assert_true(resident * 4096 < 4 << 20);
}

static uint32_t fill(uint32_t first, uint32_t end)
{
    uint32_t given = 0;
    for (uint64_t pc = first; pc < end; pc++)
        given += stacks_intern(table, &pc, 1, 0) != 0;
    return given;
}

static void a_full_table_refuses_new_stacks_knows_old_ones_and_counts(void **state)
{
    (void)state;
    uint32_t given = fill(0, STACK_NODES + STACK_NODES / 4);
    assert_true(given > STACK_NODES / 10 * 9);
    assert_int_equal(atomic_load(&table->stacks), given);
    assert_int_equal(atomic_load(&table->used_nodes), given + 1);
    assert_int_equal(atomic_load(&table->refused), STACK_NODES + STACK_NODES / 4 - given);
    assert_int_equal(fill(0, 1000), 1000);
    assert_int_equal(atomic_load(&table->stacks), given);
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
    assert_int_equal(atomic_load(&table->stacks), RACE_STACKS);
    for (uint32_t i = 0; i < RACE_STACKS; i++) {
        assert_true(race_ids[0][i] > 0);
        assert_int_equal(stacks_read(table, race_ids[0][i], read_pcs, NULL), 3);
        assert_int_equal(read_pcs[2], i * 7);
        for (int k = 1; k < RACERS; k++)
            assert_int_equal(race_ids[k][i], race_ids[0][i]);
    }
}

static void a_limited_table_refuses_earlier(void **state)
{
    (void)state;
    uint32_t first_level = STACK_ROWS * STACK_WAYS;
    assert_int_equal(stacks_levels_of(1), 1);
    assert_int_equal(stacks_levels_of(STACK_NODES), STACK_LEVELS);
    table->level_limit = stacks_levels_of(4 * first_level - 1);
    uint32_t given = fill(0, 2 * first_level);
    assert_in_range(given, first_level / 2, first_level);
    assert_int_equal(atomic_load(&table->refused), 2 * first_level - given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_stacks_get_one_number_and_keep_their_pcs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_difference_makes_another_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_never_given_are_no_stack, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pc_is_read_as_it_was_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hundred_thousand_stacks_fit_in_four_megabytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_table_refuses_new_stacks_knows_old_ones_and_counts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(four_racing_threads_get_the_same_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limited_table_refuses_earlier, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
