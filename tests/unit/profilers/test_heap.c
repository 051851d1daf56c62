/* Tests of heap sampling: unbiased, and every sample accounted for. */
#include "profilers/heap.h"

#include "capture/state.h"
#include "exporters/kinds.h"
#include "tests/unit/capture/fixture.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

#define SEEDS 200
#define INTERVAL 65536

static const struct {
    size_t size;
    int64_t blocks; /* of a seed */
} workload[] = {{16, 80000},  {48, 40000},   {1000, 4000},  {4096, 1000},
                {65536, 100}, {1 << 20, 20}, {16 << 20, 4}, {100, 20000}};
#define SIZES ARRAY_SIZE(workload)

static void seed(uint64_t number)
{
    thread_self.random = number * UINT64_C(0x9e3779b97f4a7c15);
    thread_self.heap_left = 0;
}

static bool is_sampled(size_t size)
{
    return !heap_passes(size) && heap_takes(size);
}

/* What a profile says of `taken` samples. */
static void estimate(size_t size, int64_t taken, int64_t *ret)
{
    const struct snapshot snapshot = {.period = INTERVAL};
    const struct snapshot_row row = {.detail = size, .values = {taken, taken * (int64_t)size}};
    profile_kind_find("heap")->values(&snapshot, &row, ret);
}

/* The blocks of all sizes, each size spread evenly among the others. */
static void run_workload(int64_t *ret_taken)
{
    int64_t done[SIZES] = {0}, most = 0;
    for (size_t i = 0; i < SIZES; i++)
        most = workload[i].blocks > most ? workload[i].blocks : most;
    for (int64_t step = 1; step <= most; step++) {
        for (size_t i = 0; i < SIZES; i++) {
            if (done[i] * most >= step * workload[i].blocks)
                continue;
            done[i]++;
            ret_taken[i] += is_sampled(workload[i].size);
        }
    }
}

/* Variance of the estimated number of blocks: each is sampled by itself with probability p. */
static double variance(size_t i)
{
    double p = -expm1(-(double)workload[i].size / INTERVAL);
    return (double)workload[i].blocks * (1 - p) / p;
}

static void two_hundred_seeds_are_right_for_each_size_and_on_the_whole(void **state)
{
    (void)state;
    double mean[SIZES] = {0}, true_bytes = 0, variance_bytes = 0, mean_bytes = 0;
    unsigned far_off = 0;
    heap_start(INTERVAL);
    for (size_t i = 0; i < SIZES; i++) {
        true_bytes += (double)workload[i].blocks * (double)workload[i].size;
        variance_bytes += variance(i) * (double)workload[i].size * (double)workload[i].size;
    }
    for (uint64_t number = 1; number <= SEEDS; number++) {
        int64_t taken[SIZES] = {0}, values[SNAPSHOT_VALUES];
        double bytes = 0;
        seed(number);
        run_workload(taken);
        for (size_t i = 0; i < SIZES; i++) {
            estimate(workload[i].size, taken[i], values);
            mean[i] += (double)values[0] / SEEDS;
            bytes += (double)values[1];
        }
        mean_bytes += bytes / SEEDS;
        far_off += fabs(bytes - true_bytes) > 3 * sqrt(variance_bytes);
    }
    for (size_t i = 0; i < SIZES; i++)
        assert_true(fabs(mean[i] - (double)workload[i].blocks) <= 3 * sqrt(variance(i) / SEEDS) + 0.01);
    assert_true(fabs(mean_bytes - true_bytes) <= 3 * sqrt(variance_bytes / SEEDS));
    assert_true(far_off <= 3);
}

static void an_interval_of_1_takes_all_and_one_of_0_none(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, SIZE_MAX};
    for (int64_t interval = 0; interval <= 1; interval++) {
        heap_start(interval);
        seed(1);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
            assert_int_equal(is_sampled(sizes[i]), interval);
    }
}

static void preflames_own_allocations_are_not_taken_those_of_an_ended_thread_are(void **state)
{
    (void)state;
    heap_start(1);
    thread_self.guard = 1;
    assert_false(is_sampled(100));
    thread_self.guard = 0;
    thread_self.is_internal = true;
    assert_false(is_sampled(100));
    thread_self.is_ended = true;
    assert_true(is_sampled(100));
    thread_self.is_internal = thread_self.is_ended = false;
}

/* --- what becomes of samples --- */

static int set_up(void **state)
{
    (void)state;
    capture.buckets = fixture_map(sizeof(*capture.buckets));
    capture.live = fixture_map(sizeof(*capture.live));
    memset((void *)live_filter, 0, sizeof(live_filter));
    heap_start(1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    munmap(capture.buckets, sizeof(*capture.buckets));
    return munmap(capture.live, sizeof(*capture.live));
}

static void add_up(struct bucket *bucket, void *context)
{
    int64_t *total = context;
    for (unsigned i = 0; i < BUCKET_VALUES; i++)
        total[i] += atomic_load(&bucket->values[i]);
}

static void expect(int64_t allocated, int64_t bytes, int64_t freed, int64_t freed_bytes)
{
    int64_t total[BUCKET_VALUES] = {0};
    const int64_t expected[BUCKET_VALUES] = {allocated, bytes, freed, freed_bytes};
    buckets_each(capture.buckets, BUCKET_HEAP, add_up, total);
    assert_memory_equal(total, expected, sizeof(expected));
}

static char blocks[8][64];

static void a_block_counts_once_when_it_comes_and_once_when_it_goes(void **state)
{
    (void)state;
    errno = ENOTBLK;
    heap_allocated(blocks[0], 40);
    heap_allocated(blocks[1], 0);
    heap_allocated(NULL, 1000);
    assert_int_equal(errno, ENOTBLK);
    expect(2, 40, 0, 0);
    heap_freed(blocks[0]);
    expect(2, 40, 1, 40);
    heap_freed(blocks[0]);
    heap_freed(blocks[2]);
    heap_freed(blocks[1]);
    expect(2, 40, 2, 40);
    assert_int_equal(thread_self.guard, 0);
}

static void a_block_whose_release_nobody_saw_is_gone_when_its_memory_is_given_out_again(void **state)
{
    (void)state;
    heap_allocated(blocks[0], 40);
    heap_allocated(blocks[0], 24);
    expect(2, 64, 1, 40);
    heap_freed(blocks[0]);
    expect(2, 64, 2, 64);
}

static void a_lifted_block_may_go_or_stay(void **state)
{
    (void)state;
    struct live_sample sample;
    heap_allocated(blocks[0], 40);
    assert_true(heap_lift(blocks[0], &sample));
    assert_false(live_may_hold(blocks[0]));
    expect(1, 40, 0, 0);
    heap_put_back(blocks[0], &sample);
    assert_true(live_may_hold(blocks[0]));
    assert_true(heap_lift(blocks[0], &sample));
    heap_drop(&sample);
    expect(1, 40, 1, 40);
    assert_false(heap_lift(blocks[0], &sample));
}

static void a_block_that_finds_no_room_is_allocated_but_not_in_use(void **state)
{
    (void)state;
    for (size_t i = 0; i < LIVE_SETS; i++) {
        for (size_t k = 0; k < LIVE_WAYS; k++)
            atomic_store(&capture.live->sets[i].ways[k].address, 8);
    }
    heap_allocated(blocks[0], 40);
    expect(1, 40, 1, 40);
    assert_int_equal(atomic_load(&capture.live->refused), 1);
}

static void many_sizes_of_one_stack_share_buckets_and_lose_no_byte(void **state)
{
    (void)state;
    int64_t bytes = 0, count = 0;
    for (size_t size = 1; size < 200000; size += 3) {
        heap_allocated(blocks[0], size);
        heap_freed(blocks[0]);
        bytes += (int64_t)size;
        count++;
    }
    expect(count, bytes, count, bytes);
    assert_true(atomic_load(&capture.buckets->used) < 9000);
    assert_int_equal(atomic_load(&capture.buckets->refused), 0);
}

int main(void)
{
#define WITH_TABLES(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_seeds_are_right_for_each_size_and_on_the_whole),
        cmocka_unit_test(an_interval_of_1_takes_all_and_one_of_0_none),
        cmocka_unit_test(preflames_own_allocations_are_not_taken_those_of_an_ended_thread_are),
        WITH_TABLES(a_block_counts_once_when_it_comes_and_once_when_it_goes),
        WITH_TABLES(a_block_whose_release_nobody_saw_is_gone_when_its_memory_is_given_out_again),
        WITH_TABLES(a_lifted_block_may_go_or_stay),
        WITH_TABLES(a_block_that_finds_no_room_is_allocated_but_not_in_use),
        WITH_TABLES(many_sizes_of_one_stack_share_buckets_and_lose_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
