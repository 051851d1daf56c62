/* Rows for a page: exact while they fit, put together with the same sums when they don't. */
#include "viewer/model/slices.h"

#include "trace_fixture.h"

#define MUTEX 1
#define SYS_WRITE 1

/* Thread 2 waits `count` times 10 ns for a mutex that thread 1 gives, each within a call. */
static void fill(struct trace *t, unsigned count)
{
    trace_init(t);
    t->wants_moments = true;
    FEED(t, TRACE_SAMPLE, 1, 1, 1, .weight_ns = 5, .stack = 7);
    for (unsigned i = 1; i <= count; i++) {
        int64_t end_ns = 1000 * (int64_t)i;
        FEED(t, TRACE_WAKE, end_ns - 3, 1, 1, .object = 9, .stack = 4);
        FEED(t, TRACE_UNBLOCK, end_ns, 1, 2, .reason = MUTEX, .object = 9, .duration_ns = 10, .stack = 3);
        FEED(t, TRACE_SYSCALL, end_ns + 1, 1, 2, .number = SYS_WRITE, .duration_ns = 12, .result = -1,
             .stack = 3);
    }
    assert_int_equal(trace_finish(t), 0);
}

static struct slices make(const struct trace *t, size_t max_rows)
{
    struct timeline timeline;
    struct slices slices;
    assert_int_equal(timeline_make(t, &timeline), 0);
    assert_int_equal(slices_make(t, &timeline, max_rows, &slices), 0);
    timeline_clear(&timeline);
    return slices;
}

static int64_t sum_of(const struct slices *slices, enum slice_kind kind, uint64_t *ret_count)
{
    int64_t sum_ns = 0;
    *ret_count = 0;
    for (size_t i = 0; i < slices->count; i++) {
        sum_ns += slices->rows[i].kind == kind ? slices->rows[i].sum_ns : 0;
        *ret_count += slices->rows[i].kind == kind ? slices->rows[i].count : 0;
    }
    return sum_ns;
}

static void few_rows_are_exact(void **state)
{
    (void)state;
    struct trace t;
    fill(&t, 2);
    struct slices slices = make(&t, 100);
    assert_int_equal(slices.count, 5);
    assert_int_equal(slices.grain_ns, 0);
    const struct slice *wait = &slices.rows[2];
    assert_int_equal(slices.rows[1].kind, SLICE_INNER_CALL);
    assert_int_equal(slices.rows[1].failures, 1);
    assert_int_equal(wait->kind, SLICE_WAIT);
    assert_int_equal(wait->detail, MUTEX);
    assert_int_equal(wait->object, 9);
    assert_int_equal(wait->start_ns, 990);
    assert_int_equal(wait->end_ns, 1000);
    assert_int_equal(wait->waker, slices.rows[0].thread);
    assert_int_equal(wait->waker_stack, 4);
    assert_int_equal(wait->wake_ns, 997);
    slices_clear(&slices);
    trace_clear(&t);
}

static void neighbours_become_one_with_the_same_sum(void **state)
{
    (void)state;
    struct trace t;
    uint64_t count;
    fill(&t, 10000);
    struct slices slices = make(&t, 500);
    assert_true(slices.count <= 500);
    assert_true(slices.grain_ns > 10 && slices.sum_grain_ns > 10);
    assert_int_equal(slices.pruned, 0);
    assert_int_equal(slices.merged, 20001 - slices.count);
    assert_int_equal(sum_of(&slices, SLICE_WAIT, &count), 100000);
    assert_int_equal(count, 10000);
    assert_int_equal(sum_of(&slices, SLICE_INNER_CALL, &count), 120000);
    assert_int_equal(count, 10000);
    assert_int_equal(sum_of(&slices, SLICE_SAMPLE, &count), 5);
    for (size_t i = 1; i < slices.count; i++)
        assert_true(slices.rows[i].thread > slices.rows[i - 1].thread ||
                    slices.rows[i].start_ns >= slices.rows[i - 1].start_ns);
    slices_clear(&slices);
    trace_clear(&t);
}

static void what_is_left_out_is_counted(void **state)
{
    (void)state;
    struct trace t;
    uint64_t waits, calls, samples;
    fill(&t, 1000);
    struct slices slices = make(&t, 3);
    int64_t kept_ns = sum_of(&slices, SLICE_WAIT, &waits) + sum_of(&slices, SLICE_INNER_CALL, &calls) +
                      sum_of(&slices, SLICE_SAMPLE, &samples);
    assert_int_equal(slices.count, 3);
    assert_int_equal(kept_ns + slices.pruned_ns, 22005);
    assert_int_equal(waits + calls + samples + slices.pruned, 2001);
    slices_clear(&slices);
    trace_clear(&t);
}

static void a_trace_without_events_has_no_rows(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    struct slices slices = make(&t, 10);
    assert_int_equal(slices.count, 0);
    slices_clear(&slices);
    trace_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_rows_are_exact),
        cmocka_unit_test(neighbours_become_one_with_the_same_sum),
        cmocka_unit_test(what_is_left_out_is_counted),
        cmocka_unit_test(a_trace_without_events_has_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
