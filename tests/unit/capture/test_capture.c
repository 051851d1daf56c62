/* Tests of the door: a stack as a number, the loss counters, what a sink is told. */
#include "fixture.h"

#include "capture/capture.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "cmocka_headers.h"

#ifdef __clang__
#define HIDDEN __attribute__((noinline))
#else
#define HIDDEN __attribute__((noinline, noclone))
#endif

static uint32_t last_stack;
static uint32_t sent, sent_id, sent_count;

static void take_stack_entry(uint32_t id, const uint64_t *pcs, size_t count)
{
    sent++;
    sent_id = id;
    sent_count = pcs[0] ? (uint32_t)count : 0;
}

static const struct sink sink = {.version = SINK_VERSION, .stack = take_stack_entry};

static int set_up(void **state)
{
    (void)state;
    if (!capture.rules)
        fixture_open();
    fixture_enter_thread();
    atomic_store(&capture.truncated, 0);
    atomic_store(&capture.failed, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_leave_thread();
    atomic_store(&capture.modules.gate, 0);
    return 0;
}

HIDDEN static uint32_t stack_of_a_hook(void)
{
    uint32_t stack = capture_here();
    __asm__ volatile("");
    return stack;
}

struct read_stack {
    uint32_t count;
    uint64_t pcs[STACK_FRAMES_MAX];
};

/* The dictionary's stack of a number. */
static const struct read_stack *stack_of(uint32_t number)
{
    static struct read_stack read;
    read.count = stacks_read(capture.stacks, number, read.pcs, NULL);
    return &read;
}

/* How often a loop runs that the compiler must not unroll into several places. */
static volatile int twice = 2;

static void one_place_called_twice_is_one_stack_and_another_place_another(void **state)
{
    (void)state;
    uint32_t stacks[2] = {0};
    for (int i = 0; i < twice; i++)
        stacks[i] = stack_of_a_hook();
    assert_true(stacks[0] > 0);
    assert_int_equal(stacks[0], stacks[1]);
    assert_int_not_equal(stack_of_a_hook(), stacks[0]);
    const struct read_stack *read = stack_of(stacks[0]);
    assert_true(read->count > 3);
    assert_true(read->pcs[read->count - 1] >= PC_MARKERS);
    assert_int_equal(atomic_load(&capture.failed), 0);
    assert_int_equal(atomic_load(&thread_self.slot->in_capture), 0);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    last_stack = capture_interrupted(context);
}

static void an_interrupted_stack_begins_at_the_interrupted_instruction(void **state)
{
    (void)state;
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    void *here;
    __asm__ volatile("leaq 1f(%%rip), %0\n\tint3\n1:" : "=r"(here));
    assert_true(last_stack > 0);
    const struct read_stack *read = stack_of(last_stack);
    assert_int_equal(read->pcs[0], (uint64_t)(uintptr_t)here);
    assert_true(read->pcs[read->count - 1] >= PC_MARKERS);
}

HIDDEN static uint32_t deep_stack(int depth)
{
    uint32_t stack = depth ? deep_stack(depth - 1) : capture_here();
    __asm__ volatile("");
    return stack;
}

static void a_truncated_stack_is_counted(void **state)
{
    (void)state;
    uint32_t stack = deep_stack(STACK_FRAMES_MAX * 2);
    const struct read_stack *read = stack_of(stack);
    assert_int_equal(read->count, STACK_FRAMES_MAX);
    assert_int_equal(read->pcs[read->count - 1], PC_TRUNCATED);
    assert_int_equal(atomic_load(&capture.truncated), 1);
    assert_int_equal(atomic_load(&capture.failed), 0);
}

static void behind_a_shut_gate_a_stack_is_its_leaf(void **state)
{
    (void)state;
    uint64_t gated = atomic_load(&capture.modules.gated);
    atomic_store(&capture.modules.gate, 1);
    const struct read_stack *read = stack_of(stack_of_a_hook());
    assert_int_equal(read->count, 2);
    assert_int_equal(read->pcs[1], PC_GATED);
    assert_int_equal(atomic_load(&capture.modules.gated), gated + 1);
    assert_int_equal(atomic_load(&capture.failed), 0);
}

static void a_new_epoch_makes_another_stack_of_the_same_pcs(void **state)
{
    (void)state;
    uint32_t stacks[2] = {0};
    for (int i = 0; i < twice; i++) {
        stacks[i] = stack_of_a_hook();
        atomic_fetch_add(&capture.modules.epoch, 1);
    }
    assert_true(stacks[0] && stacks[1]);
    assert_int_not_equal(stacks[0], stacks[1]);
}

static void *capture_as_stranger(void *argument)
{
    uint32_t *stack = argument;
    *stack = stack_of_a_hook();
    fixture_leave_thread();
    return NULL;
}

static void *capture_as_internal(void *argument)
{
    uint32_t *stack = argument;
    thread_self.is_internal = true;
    *stack = stack_of_a_hook();
    return thread_self.slot;
}

static void a_thread_nobody_saw_starting_gets_a_slot_and_an_internal_one_none(void **state)
{
    (void)state;
    pthread_t thread;
    uint32_t stack = 0;
    void *slot = NULL;
    assert_int_equal(pthread_create(&thread, NULL, capture_as_stranger, &stack), 0);
    pthread_join(thread, NULL);
    assert_true(stack > 0);
    const struct read_stack *read = stack_of(stack);
    assert_true(read->pcs[read->count - 1] >= PC_MARKERS);
    assert_int_equal(pthread_create(&thread, NULL, capture_as_internal, &stack), 0);
    pthread_join(thread, &slot);
    assert_int_equal(stack, 0);
    assert_null(slot);
}

static void a_stack_is_sent_once_a_session(void **state)
{
    (void)state;
    uint32_t stack = stack_of_a_hook();
    atomic_store(&capture.session, 1);
    capture_send_stack(&sink, stack);
    capture_send_stack(&sink, stack);
    assert_int_equal(sent, 1);
    assert_int_equal(sent_id, stack);
    assert_int_equal(sent_count, stack_of(stack)->count);
    atomic_store(&capture.session, 2);
    capture_send_stack(&sink, stack);
    assert_int_equal(sent, 2);
    capture_send_stack(&sink, 0);
    assert_int_equal(sent, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_place_called_twice_is_one_stack_and_another_place_another, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_stack_begins_at_the_interrupted_instruction, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_truncated_stack_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(behind_a_shut_gate_a_stack_is_its_leaf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_epoch_makes_another_stack_of_the_same_pcs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thread_nobody_saw_starting_gets_a_slot_and_an_internal_one_none,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stack_is_sent_once_a_session, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
