/* Tests of the scratches that threads share. */
#include "fixture.h"

#include "capture/scratch.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

static struct scratch_table *table;
static struct scratch_hold holds[SCRATCHES + 1];

static int set_up(void **state)
{
    (void)state;
    table = fixture_map(sizeof(*table));
    for (unsigned i = 0; i < ARRAY_SIZE(holds); i++)
        atomic_store(&holds[i].scratch, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap(table, sizeof(*table));
}

static void what_is_given_back_is_taken_again_and_stays_few(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_non_null(scratch_take(table, &holds[i]));
        scratch_give(&holds[i]);
        scratch_give(&holds[i]); /* nothing is held */
    }
    static unsigned char pages[sizeof(struct scratch_table) / 4096 + 1];
    assert_int_equal(mincore(table, sizeof(*table), pages), 0);
    unsigned resident = 0;
    for (unsigned i = 0; i < sizeof(pages); i++)
        resident += pages[i] & 1;
    assert_in_range(resident, 1, 16); /* some CPUs' */
}

static void a_torn_walk_leaves_its_scratch_to_the_next_one_of_its_thread(void **state)
{
    (void)state;
    struct scratch *torn = scratch_take(table, &holds[0]);
    assert_ptr_not_equal(scratch_take(table, &holds[1]), torn);
    assert_ptr_equal(scratch_take(table, &holds[0]), torn);
}

static void when_all_are_taken_a_walk_is_refused_and_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCRATCHES; i++)
        assert_non_null(scratch_take(table, &holds[i]));
    assert_null(scratch_take(table, &holds[SCRATCHES]));
    assert_int_equal(atomic_load(&table->refused), 1);
    scratch_give(&holds[7]);
    assert_non_null(scratch_take(table, &holds[SCRATCHES]));
    assert_int_equal(atomic_load(&table->refused), 1);
}

#define RACERS 4
#define ROUNDS 200000

static void *race(void *argument)
{
    struct scratch_hold *hold = argument;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct scratch *scratch = scratch_take(table, hold);
        scratch->walk.frames[0] = (uintptr_t)hold + i;
        if (i % 64 == 0)
            sched_yield();
        if (scratch->walk.frames[0] != (uintptr_t)hold + i)
            return hold;
        scratch_give(hold);
    }
    return NULL;
}

static void racing_threads_never_share_one(void **state)
{
    (void)state;
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &holds[i]), 0);
    for (int i = 0; i < RACERS; i++) {
        void *spoilt = NULL;
        pthread_join(threads[i], &spoilt);
        assert_null(spoilt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_given_back_is_taken_again_and_stays_few, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_walk_leaves_its_scratch_to_the_next_one_of_its_thread, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(when_all_are_taken_a_walk_is_refused_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(racing_threads_never_share_one, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
