/* What a trace means. */
#include "trace_fixture.h"

#include "viewer/model/resolve.h"

static void system_calls_are_no_waits(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    FEED(&t, TRACE_UNBLOCK, 10000, 1, 2, .reason = WAIT_NET_READ, .object = 5, .duration_ns = 4000);
    FEED(&t, TRACE_SYSCALL, 10010, 1, 2, .number = 0, .duration_ns = 3990);
    FEED(&t, TRACE_SYSCALL, 20000, 1, 2, .number = 1, .duration_ns = 500);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(t.threads.data[0].blocked_ns[WAIT_NET_READ], 4000);
    assert_int_equal(trace_blocked_ns(&t.threads.data[0]), 4000);
    assert_int_equal(t.syscalls.count, 2);
    trace_clear(&t);
}

static void nested_wait_counts_once(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    /* A condition variable takes its mutex back before the call returns. */
    FEED(&t, TRACE_UNBLOCK, 900, 1, 1, .reason = WAIT_MUTEX, .object = 1, .duration_ns = 100);
    FEED(&t, TRACE_UNBLOCK, 1000, 1, 1, .reason = WAIT_COND, .object = 2, .duration_ns = 1000);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(t.threads.data[0].blocked_ns[WAIT_MUTEX], 100);
    assert_int_equal(t.threads.data[0].blocked_ns[WAIT_COND], 900);
    trace_clear(&t);
}

static void waker_is_who_released_the_object_during_the_wait(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    FEED(&t, TRACE_WAKE, 50, 1, 8, .reason = WAIT_MUTEX, .object = 7);
    FEED(&t, TRACE_BLOCK, 100, 1, 2, .reason = WAIT_MUTEX, .object = 7);
    FEED(&t, TRACE_UNBLOCK, 200, 1, 2, .reason = WAIT_MUTEX, .object = 7, .duration_ns = 100);
    assert_int_equal(t.waits.data[0].wakers[0].count, 0); /* the wake came before the wait */
    FEED(&t, TRACE_WAKE, 250, 1, 9, .reason = WAIT_MUTEX, .object = 7);
    FEED(&t, TRACE_UNBLOCK, 300, 1, 2, .reason = WAIT_MUTEX, .object = 7, .duration_ns = 90);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(t.waits.count, 1);
    assert_int_equal(t.waits.data[0].count, 2);
    assert_int_equal(t.waits.data[0].total_ns, 190);
    assert_int_equal(t.waits.data[0].max_ns, 100);
    assert_int_equal(t.threads.data[t.waits.data[0].wakers[0].thread].tid, 9);
    assert_int_equal(t.waits.data[0].wakers[0].count, 1);
    trace_clear(&t);
}

static void wait_that_never_ends_lasts_to_the_end_of_the_trace(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    FEED(&t, TRACE_THREAD_STATUS, 1000, 1, 1, .tid = 5, .reason = WAIT_POLL, .object = 3, .since_ns = 400,
         .clock_offset_ns = 100, .name = "acceptor");
    FEED(&t, TRACE_BLOCK, 2000, 1, 6, .reason = WAIT_SEM, .object = 4);
    FEED(&t, TRACE_SAMPLE, 5000, 1, 7, .weight_ns = 1);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(t.threads.data[1].tid, 5);
    assert_string_equal(trace_thread_name(&t, &t.threads.data[1]), "acceptor");
    assert_int_equal(t.threads.data[1].blocked_ns[WAIT_POLL], 4000); /* of this session */
    assert_int_equal(t.waits.data[0].max_ns, 4500);
    assert_int_equal(t.threads.data[2].blocked_ns[WAIT_SEM], 3000);
    assert_int_equal(t.waits.data[0].open_count, 1);
    trace_clear(&t);
}

static void exec_starts_a_new_stack_dictionary(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    uint64_t before[] = {0x10}, after[] = {0x20};
    FEED(&t, TRACE_PROCESS, 1, 9, 9, .exe = "/bin/sh");
    FEED(&t, TRACE_STACK, 2, 9, 9, .id = 1, .numbers = before, .number_count = 1);
    FEED(&t, TRACE_PROCESS, 3, 9, 9, .exe = "/bin/sh"); /* a state dump: the same image */
    FEED(&t, TRACE_PROCESS, 4, 9, 9, .exe = "/bin/true");
    FEED(&t, TRACE_STACK, 5, 9, 9, .id = 1, .numbers = after, .number_count = 1);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(t.processes.count, 2);
    assert_int_equal(t.pcs.data[trace_find_stack(&t, 0, 1)->first_pc], 0x10);
    assert_int_equal(t.pcs.data[trace_find_stack(&t, 1, 1)->first_pc], 0x20);
    assert_null(trace_find_stack(&t, 1, 2));
    trace_clear(&t);
}

static void forked_child_finds_the_stacks_of_its_parent(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    uint64_t pcs[] = {0x10};
    FEED(&t, TRACE_PROCESS, 1, 9, 9, .exe = "/bin/a");
    FEED(&t, TRACE_STACK, 2, 9, 9, .id = 1, .numbers = pcs, .number_count = 1);
    FEED(&t, TRACE_PROCESS, 3, 10, 10, .ppid = 9, .exe = "/bin/a");
    assert_non_null(trace_find_stack(&t, 1, 1));
    trace_clear(&t);
}

static void hostile_times_do_not_overflow(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    for (int i = 0; i < 4; i++) {
        int64_t extreme = i % 2 ? INT64_MAX : INT64_MIN;
        FEED(&t, TRACE_UNBLOCK, extreme, 1, 1, .reason = 255, .duration_ns = INT64_MAX);
        FEED(&t, TRACE_THREAD_STATUS, ~extreme, 1, 1, .tid = 3, .since_ns = extreme,
             .clock_offset_ns = extreme);
        FEED(&t, TRACE_SYSCALL, extreme, 1, 1, .number = -1, .duration_ns = INT64_MIN);
        FEED(&t, TRACE_SAMPLE, extreme, 1, 1, .weight_ns = INT64_MAX);
    }
    assert_int_equal(trace_finish(&t), 0);
    assert_true(t.threads.data[0].run_ns > 0);
    trace_clear(&t);
}

static void entries_beyond_a_limit_are_counted(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    for (int64_t pid = 0; pid < TRACE_MAX_PROCESSES + 3; pid++)
        FEED(&t, TRACE_SAMPLE, pid, pid, pid, .weight_ns = 1);
    assert_int_equal(t.processes.count, TRACE_MAX_PROCESSES);
    assert_int_equal(t.refused, 3);
    assert_int_equal(trace_finish(&t), 0);
    trace_clear(&t);
}

static int no_symbols(const struct profile *in, struct profile **ret)
{
    (void)in;
    (void)ret;
    return -5;
}

static void failed_symbolizer_leaves_addresses_by_module(void **state)
{
    (void)state;
    struct trace t;
    struct resolved resolved;
    struct tree tree;
    uint64_t pcs[] = {0x1100, 0x1200};
    trace_init(&t);
    FEED(&t, TRACE_MODULE, 1, 9, 9, .base = 0x1000, .size = 0x1000, .path = "/bin/demo");
    FEED(&t, TRACE_STACK, 2, 9, 9, .id = 1, .numbers = pcs, .number_count = 2);
    FEED(&t, TRACE_SAMPLE, 3, 9, 9, .weight_ns = 5, .stack = 1);
    FEED(&t, TRACE_SAMPLE, 4, 9, 9, .weight_ns = 2, .stack = 4);
    FEED(&t, TRACE_UNBLOCK, 50, 9, 9, .reason = WAIT_MUTEX, .duration_ns = 7, .stack = 1);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(resolve_trace(&t, no_symbols, &resolved), 0);
    assert_int_equal(resolved.processes[0].failed_symbolize, 5);
    tree_init(&tree, &t.names, TREE_MAX_NODES);
    assert_int_equal(tree_add_trace(&tree, &resolved, &t, false), 0);
    assert_int_equal(tree.nodes[find_node(&tree, &t.names, "demo+0x200;demo+0x100")].self, 5);
    assert_int_equal(tree.nodes[find_node(&tree, &t.names, "[stack not in trace]")].self, 2);
    tree_clear(&tree);
    tree_init(&tree, &t.names, TREE_MAX_NODES);
    assert_int_equal(tree_add_trace(&tree, &resolved, &t, true), 0);
    assert_int_equal(tree.nodes[find_node(&tree, &t.names, "demo+0x200;demo+0x100;[mutex]")].self, 7);
    tree_clear(&tree);
    resolved_clear(&resolved);
    trace_clear(&t);
}

static void runs_are_between_switches_and_a_switch_told_twice_counts_once(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    t.wants_moments = true;
    FEED(&t, TRACE_SCHED_SOURCE, 100, 9, 9, .source = "perf");
    FEED(&t, TRACE_SCHED_IN, 150, 9, 9, .cpu = 1);
    FEED(&t, TRACE_SCHED_IN, 150, 9, 9, .cpu = 1);
    FEED(&t, TRACE_SCHED_OUT, 170, 9, 9, .cpu = 1, .preempted = 1);
    FEED(&t, TRACE_SCHED_OUT, 170, 9, 9, .cpu = 1, .preempted = 1);
    FEED(&t, TRACE_SAMPLE, 180, 9, 9, .weight_ns = 1);
    FEED(&t, TRACE_SCHED_IN, 200, 9, 9, .cpu = 0);
    FEED(&t, TRACE_SAMPLE, 210, 9, 9, .weight_ns = 1);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(t.first_ns, 180); /* of the program's own events */
    assert_int_equal(t.scheds.count, 1);
    assert_int_equal(t.scheds.data[0].thread, 0);
    assert_int_equal(t.scheds.data[0].run_ns, 20 + 10);
    assert_int_equal(t.scheds.data[0].preempted, 1);
    assert_int_equal(t.scheds.data[0].preempted_ns, 30);
    assert_int_equal(t.runs.count, 2);
    assert_int_equal(t.runs.data[1].cpu, 0);
    assert_int_equal(t.runs.data[1].end_ns, 210);
    trace_clear(&t);
}

static void what_leaves_a_cpu_unseen_was_there_when_the_recording_began(void **state)
{
    (void)state;
    struct trace t;
    trace_init(&t);
    FEED(&t, TRACE_SCHED_SOURCE, 100, 9, 9, .source = "perf");
    FEED(&t, TRACE_SCHED_OUT, 170, 9, 8, .cpu = 1);
    FEED(&t, TRACE_SCHED_STAT, 180, 9, 8, .run_ns = 71, .ready_ns = 3);
    FEED(&t, TRACE_SCHED_LOST, 190, 9, 8, .count = 4);
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(t.scheds.data[0].thread, TRACE_NONE); /* it sent nothing itself */
    assert_int_equal(t.scheds.data[0].run_ns, 70);
    assert_int_equal(t.scheds.data[0].blocked, 1);
    assert_int_equal(t.scheds.data[0].counted_run_ns, 71);
    assert_int_equal(t.scheds.data[0].counted_ready_ns, 3);
    assert_int_equal(t.sched_lost, 4);
    trace_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_calls_are_no_waits),
        cmocka_unit_test(nested_wait_counts_once),
        cmocka_unit_test(waker_is_who_released_the_object_during_the_wait),
        cmocka_unit_test(wait_that_never_ends_lasts_to_the_end_of_the_trace),
        cmocka_unit_test(exec_starts_a_new_stack_dictionary),
        cmocka_unit_test(forked_child_finds_the_stacks_of_its_parent),
        cmocka_unit_test(runs_are_between_switches_and_a_switch_told_twice_counts_once),
        cmocka_unit_test(what_leaves_a_cpu_unseen_was_there_when_the_recording_began),
        cmocka_unit_test(hostile_times_do_not_overflow),
        cmocka_unit_test(entries_beyond_a_limit_are_counted),
        cmocka_unit_test(failed_symbolizer_leaves_addresses_by_module),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
