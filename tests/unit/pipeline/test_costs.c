/* Tests of the readings. */
#include "pipeline/costs.h"

#include "base/clock.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmocka_headers.h"

static struct capture_state state_of_tests;
static struct totals totals;

static void *map_zeroed(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    return at;
}

#define RING_BYTES (RING_RECORDS * sizeof(struct record))

static int set_up(void **state)
{
    (void)state;
    state_of_tests = (struct capture_state){.pid = 1};
    state_of_tests.threads = map_zeroed(sizeof(*state_of_tests.threads));
    state_of_tests.stacks = map_zeroed(sizeof(*state_of_tests.stacks));
    state_of_tests.buckets = map_zeroed(sizeof(*state_of_tests.buckets));
    state_of_tests.rules = map_zeroed(sizeof(*state_of_tests.rules));
    state_of_tests.labels = map_zeroed(sizeof(*state_of_tests.labels));
    state_of_tests.live = map_zeroed(sizeof(*state_of_tests.live));
    state_of_tests.scratches = map_zeroed(sizeof(*state_of_tests.scratches));
    totals_init(&totals);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    munmap(state_of_tests.threads, sizeof(*state_of_tests.threads));
    munmap(state_of_tests.stacks, sizeof(*state_of_tests.stacks));
    munmap(state_of_tests.buckets, sizeof(*state_of_tests.buckets));
    munmap(state_of_tests.rules, sizeof(*state_of_tests.rules));
    munmap(state_of_tests.labels, sizeof(*state_of_tests.labels));
    munmap(state_of_tests.live, sizeof(*state_of_tests.live));
    munmap(state_of_tests.scratches, sizeof(*state_of_tests.scratches));
    totals_clear(&totals);
    return 0;
}

static void memory_is_what_was_touched(void **state)
{
    (void)state;
    struct costs before, after;
    costs_read(&state_of_tests, &totals, &before);
    assert_true(before.memory_bytes < 65536);
    memset(state_of_tests.stacks->nodes, 1, 1 << 20);
    memset(state_of_tests.buckets->entries, 1, 1 << 20);
    memset(state_of_tests.live->sets, 1, 1 << 18);
    memset(state_of_tests.rules->slots, 1, 1 << 18);
    costs_read(&state_of_tests, &totals, &after);
    assert_in_range(after.memory_bytes - before.memory_bytes, 10 << 18, (10 << 18) + 65536);
    for (int i = 0; i < 100; i++)
        memset(thread_slot_take(state_of_tests.threads)->ring.records, 1, RING_BYTES);
    before = after;
    costs_read(&state_of_tests, &totals, &after);
    assert_true(after.memory_bytes - before.memory_bytes >= 100 * RING_BYTES);
    for (uint32_t stack = 1; stack <= 1000; stack++)
        totals_add(&totals, &(struct record){.stack = stack, .count = 1}, "a");
    before = after;
    costs_read(&state_of_tests, &totals, &after);
    assert_true(after.memory_bytes - before.memory_bytes >= 1000 * sizeof(struct total));
}

struct burner {
    bool is_internal;
    sem_t is_done, may_end;
};

static void *burn(void *context)
{
    struct burner *burner = context;
    struct thread_slot *slot = thread_slot_take(state_of_tests.threads);
    slot->is_internal = burner->is_internal;
    atomic_store(&slot->tid, (int32_t)syscall(SYS_gettid));
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < 30000000)
        ;
    sem_post(&burner->is_done);
    sem_wait(&burner->may_end);
    return NULL;
}

static void only_own_threads_are_own_cost(void **state)
{
    (void)state;
    struct burner burners[2] = {{.is_internal = true}, {.is_internal = false}};
    struct costs before, after;
    pthread_t threads[2];
    costs_read(&state_of_tests, &totals, &before);
    for (int i = 0; i < 2; i++) {
        sem_init(&burners[i].is_done, 0, 0);
        sem_init(&burners[i].may_end, 0, 0);
        assert_int_equal(pthread_create(&threads[i], NULL, burn, &burners[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        sem_wait(&burners[i].is_done);
    costs_read(&state_of_tests, &totals, &after);
    assert_int_equal(before.threads_ns, 0);
    assert_in_range(after.threads_ns, 30000000, 59000000);
    assert_true(after.process_ns - before.process_ns >= 60000000);
    for (int i = 0; i < 2; i++) {
        sem_post(&burners[i].may_end);
        pthread_join(threads[i], NULL);
    }
}

static void handler_counts_are_passed_on(void **state)
{
    (void)state;
    struct costs costs;
    atomic_store(&state_of_tests.handler_cost.runs, 7);
    atomic_store(&state_of_tests.handler_cost.total_ns, 70000);
    costs_read(&state_of_tests, &totals, &costs);
    assert_int_equal(costs.handled, 7);
    assert_int_equal(costs.handler_ns, 70000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_is_what_was_touched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_own_threads_are_own_cost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(handler_counts_are_passed_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
