/* Our walker against libunwind, at every instruction of hard code and at random moments of a signal storm. */
#include "fixture.h"
#include "oracle.h"
#include "work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define ENOUGH_PERMILLE 995.0
#define TRAP_FLAG 0x100

static volatile sig_atomic_t is_stepping;

static void on_step(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    int error = errno;
    ucontext_t *interrupted = context;
    oracle_compare(interrupted);
    if (!is_stepping)
        interrupted->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    errno = error;
}

/* Runs `work`, comparing after every instruction (but inside handlers of the program's: a signal clears the
 * flag). */
static void step_through(const char *title, void (*work)(void))
{
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO}, before;
    uint64_t low = 0, high = 0;
    fixture_stack_bounds(&low, &high);
    sigfillset(&action.sa_mask);
    sigaction(SIGTRAP, &action, &before);
    oracle_begin(low, high);
    is_stepping = 1;
    __asm__ volatile(
        "subq $128, %%rsp\n\t.cfi_adjust_cfa_offset 128\n\tpushfq\n\t.cfi_adjust_cfa_offset 8\n\t"
        "orq $0x100, (%%rsp)\n\tpopfq\n\t.cfi_adjust_cfa_offset -8\n\t"
        "addq $128, %%rsp\n\t.cfi_adjust_cfa_offset -128" ::
            : "memory", "cc");
    work();
    is_stepping = 0;
    __asm__ volatile("nop\n\tnop");
    sigaction(SIGTRAP, &before, NULL);
    oracle_report(title);
}

static void every_instruction_of_growing_and_realigned_frames_walks_as_libunwind_does(void **state)
{
    (void)state;
    step_through("realigned", work_realigned);
    assert_true(oracle_compared() > 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
}

static void every_instruction_of_library_code_and_callbacks_walks_as_libunwind_does(void **state)
{
    (void)state;
    step_through("callbacks", work_callbacks);
    assert_true(oracle_compared() > 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
    step_through("text", work_text);
    assert_true(oracle_compared() > 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
}

static void every_instruction_of_templates_and_exceptions_walks_as_libunwind_does(void **state)
{
    (void)state;
    step_through("templates", work_templates);
    assert_true(oracle_compared() > 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
    step_through("exceptions", work_exceptions);
    assert_true(oracle_compared() > 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
}

static void every_instruction_of_the_lazy_binder_walks_as_libunwind_does(void **state)
{
    (void)state;
    step_through("lazy binding", work_lazy_binding);
    assert_true(oracle_compared() > 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
}

/* A storm: a one-shot timer of the interrupted thread, set anew by its handler for a random moment to come.
 */
static timer_t storm_timer;
static uint32_t storm_noise = 1;

static void set_storm_timer(bool is_on)
{
    storm_noise = storm_noise * 1664525 + 1013904223;
    struct itimerspec when = {.it_value = {.tv_nsec = is_on ? 20000 + (long)(storm_noise >> 15) : 0}};
    timer_settime(storm_timer, 0, &when, NULL);
}

static void on_storm(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    int error = errno;
    oracle_compare(context);
    set_storm_timer(true);
    errno = error;
}

static void open_storm(uint64_t low, uint64_t high)
{
    struct sigaction action = {.sa_sigaction = on_storm, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    sigfillset(&action.sa_mask);
    assert_int_equal(sigaction(SIGPROF, &action, NULL), 0);
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &storm_timer), 0);
    oracle_begin(low, high);
    set_storm_timer(true);
}

static void close_storm(void)
{
    sigset_t storm;
    sigemptyset(&storm);
    sigaddset(&storm, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &storm, NULL);
    timer_delete(storm_timer);
    signal(SIGPROF, SIG_IGN); /* drops what is pending */
    pthread_sigmask(SIG_UNBLOCK, &storm, NULL);
}

static void a_signal_storm_over_all_work_walks_as_libunwind_does(void **state)
{
    (void)state;
    uint64_t low = 0, high = 0;
    fixture_stack_bounds(&low, &high);
    open_storm(low, high);
    for (int round = 0; round < 200000 && oracle_compared() < 6000; round++)
        work_all();
    close_storm();
    oracle_report("storm");
    assert_true(oracle_compared() >= 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
}

static void a_signal_storm_without_known_stack_bounds_walks_as_libunwind_does(void **state)
{
    (void)state;
    open_storm(0, 0);
    for (int round = 0; round < 200000 && oracle_compared() < 2000; round++)
        work_all();
    close_storm();
    oracle_report("storm, bounds unknown");
    assert_true(oracle_compared() >= 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
}

static void *run_in_small_thread(void *argument)
{
    uint64_t low = 0, high = 0;
    fixture_stack_bounds(&low, &high);
    open_storm(low, high);
    for (int round = 0; round < 200000 && oracle_compared() < 2000; round++) {
        work_deep(10, work_alloca);
        work_callbacks();
    }
    close_storm();
    return argument;
}

static int set_up(void **state)
{
    (void)state;
    fixture_open();
    return 0;
}

static void threads_with_small_stacks_walk_as_libunwind_does(void **state)
{
    (void)state;
    /* libunwind's cursor and the signal frame (AVX-512 state) need more than the 16 KB that our walker is
     * content with: see test_unwind.c for that. */
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    assert_int_equal(pthread_create(&thread, &attributes, run_in_small_thread, NULL), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    oracle_report("small thread");
    assert_true(oracle_compared() >= 2000);
    assert_true(oracle_equal_permille() >= ENOUGH_PERMILLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_of_the_lazy_binder_walks_as_libunwind_does),
        cmocka_unit_test(every_instruction_of_growing_and_realigned_frames_walks_as_libunwind_does),
        cmocka_unit_test(every_instruction_of_library_code_and_callbacks_walks_as_libunwind_does),
        cmocka_unit_test(every_instruction_of_templates_and_exceptions_walks_as_libunwind_does),
        cmocka_unit_test(a_signal_storm_over_all_work_walks_as_libunwind_does),
        cmocka_unit_test(a_signal_storm_without_known_stack_bounds_walks_as_libunwind_does),
        cmocka_unit_test(threads_with_small_stacks_walk_as_libunwind_does),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
