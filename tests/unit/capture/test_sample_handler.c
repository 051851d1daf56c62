/* Tests of the handler of our signal: called as the kernel calls it, with made-up ticks. */
#include "fixture.h"

#include "base/clock.h"
#include "capture/sample_handler.h"

#include <errno.h>

#include "cmocka_headers.h"

#define PERIOD_NS 10000000
#define INTERRUPTED_SP 0x7000

static const uint8_t code[] = {0x0f, 0x05, 0xc3, 0x90}; /* syscall, ret, nop: libc's, for these tests */

static uint32_t foreign_calls, samples_sent, stacks_sent;
static int64_t sent_weight_ns;
static bool is_sink_enabled;
static ucontext_t context;

static void take_foreign(int signal, siginfo_t *info, void *where)
{
    foreign_calls += signal == SAMPLE_SIGNAL && info && where == &context;
}

static bool is_enabled(void)
{
    return is_sink_enabled;
}

static void take_stack(uint32_t id, const uint64_t *pcs, size_t count)
{
    stacks_sent += id && pcs && count;
}

static void take_sample(int64_t weight_ns, uint32_t stack)
{
    samples_sent += stack != 0;
    sent_weight_ns = weight_ns;
}

static const struct sink sink = {
    .version = SINK_VERSION, .is_enabled = is_enabled, .stack = take_stack, .sample = take_sample};

static int set_up(void **state)
{
    (void)state;
    if (!capture.rules)
        fixture_open();
    fixture_enter_thread();
    getcontext(&context);
    capture.cookie = 0x1234;
    foreign_calls = samples_sent = stacks_sent = 0;
    sample_foreign = NULL;
    thread_self.interrupted_sp = 0;
    capture.libc_low = (uintptr_t)code;
    capture.libc_high = (uintptr_t)code + sizeof(code);
    is_sink_enabled = true;
    atomic_store(&capture.sink, NULL);
    atomic_store(&capture.traces_samples, 1);
    thread_self.is_trace_ready = true;
    atomic_store(&capture.sampling.late, 0);
    atomic_store(&capture.sampling.is_active, 1);
    atomic_store(&capture.sampling.is_recorded, 1);
    atomic_store(&capture.sampling.period_ns, PERIOD_NS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_leave_thread();
    return 0;
}

static void tick(int si_code, uintptr_t cookie, int overrun)
{
    siginfo_t info = {.si_signo = SAMPLE_SIGNAL, .si_code = si_code};
    info.si_value.sival_ptr = (void *)cookie;
    if (si_code == SI_TIMER)
        info.si_overrun = overrun;
    sample_handler(SAMPLE_SIGNAL, &info, &context);
}

/* From now on ticks come where a system call returns. */
static void end_a_system_call(void)
{
    context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(code + 2);
    context.uc_mcontext.gregs[REG_RSP] = INTERRUPTED_SP;
}

static void a_tick_is_a_record_that_stands_for_its_periods(void **state)
{
    (void)state;
    struct record record = {.count = 0};
    int64_t start_ns = clock_mono_ns();
    tick(SI_TIMER, 0x1234, 0);
    tick(SI_TIMER, 0x1234, 3);
    assert_true(ring_pop(&thread_self.slot->ring, &record));
    assert_int_equal(record.kind, RECORD_CPU);
    assert_int_equal(record.count, 1);
    assert_int_equal(record.value, PERIOD_NS);
    assert_int_equal(record.tid, thread_self.tid);
    assert_true(record.stack > 0);
    assert_true(record.time_ns >= start_ns);
    assert_true(ring_pop(&thread_self.slot->ring, &record));
    assert_int_equal(record.count, 4);
    assert_int_equal(record.value, 4 * PERIOD_NS);
    assert_true(ring_is_empty(&thread_self.slot->ring));
}

static void errno_is_kept(void **state)
{
    (void)state;
    errno = EXDEV;
    tick(SI_TIMER, 0x1234, 0);
    assert_int_equal(errno, EXDEV);
}

static void signals_that_are_not_ours_go_to_the_programs_handler(void **state)
{
    (void)state;
    end_a_system_call();
    tick(SI_USER, 0x1234, 0); /* nobody there: dropped */
    sample_foreign = take_foreign;
    tick(SI_USER, 0x1234, 0);
    tick(SI_QUEUE, 0x1234, 0);
    tick(SI_TIMER, 0x9999, 0);
    assert_int_equal(foreign_calls, 3);
    assert_int_equal(thread_self.interrupted_sp, 0);
    assert_true(ring_is_empty(&thread_self.slot->ring));
}

static void a_tick_after_the_stop_is_counted_as_late(void **state)
{
    (void)state;
    atomic_store(&capture.sampling.is_active, 0);
    end_a_system_call();
    tick(SI_TIMER, 0x1234, 0);
    assert_int_equal(atomic_load(&capture.sampling.late), 1);
    assert_int_equal(thread_self.interrupted_sp, INTERRUPTED_SP); /* its EINTR was ours all the same */
    assert_true(ring_is_empty(&thread_self.slot->ring));
}

static void a_full_ring_counts_the_ticks_it_lost(void **state)
{
    (void)state;
    uint64_t before = atomic_load(&thread_self.slot->ring.dropped);
    for (int i = 0; i < RING_RECORDS; i++)
        tick(SI_TIMER, 0x1234, 0);
    tick(SI_TIMER, 0x1234, 1);
    assert_int_equal(atomic_load(&thread_self.slot->ring.dropped), before + 2);
}

static void a_sink_gets_the_stack_and_the_sample(void **state)
{
    (void)state;
    atomic_store(&capture.sampling.is_recorded, 0);
    atomic_store(&capture.sink, &sink);
    atomic_store(&capture.session, 1);
    tick(SI_TIMER, 0x1234, 1);
    assert_int_equal(stacks_sent, 1);
    assert_int_equal(samples_sent, 1);
    assert_int_equal(sent_weight_ns, 2 * PERIOD_NS);
    assert_true(ring_is_empty(&thread_self.slot->ring));
}

static void a_sink_that_may_not_be_entered_gets_nothing(void **state)
{
    (void)state;
    atomic_store(&capture.sink, &sink);
    thread_self.is_trace_ready = false; /* its lazy state must not be made in a handler */
    tick(SI_TIMER, 0x1234, 0);
    thread_self.is_trace_ready = true;
    is_sink_enabled = false;
    tick(SI_TIMER, 0x1234, 0);
    is_sink_enabled = true;
    atomic_store(&capture.traces_samples, 0);
    tick(SI_TIMER, 0x1234, 0);
    assert_int_equal(samples_sent, 0);
    assert_int_equal(stacks_sent, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tick_is_a_record_that_stands_for_its_periods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errno_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_that_are_not_ours_go_to_the_programs_handler, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_tick_after_the_stop_is_counted_as_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_ring_counts_the_ticks_it_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sink_gets_the_stack_and_the_sample, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sink_that_may_not_be_entered_gets_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
