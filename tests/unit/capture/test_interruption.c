/* Tests of what our handler leaves of a system call: on made-up contexts and a made-up libc. */
#include "capture/interruption.h"
#include "capture/sample_handler.h"
#include "capture/state.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "cmocka_headers.h"

#define SP 0x7000

static const uint8_t code[] = {0xc3, 0x90, 0x0f, 0x05, 0xc3, 0x90, 0x90}; /* ret, nop, syscall, ret, nops */
static const uint8_t *const instruction = code + 2, *const end = code + 4;
/* mov $230, %eax (clock_nanosleep), syscall, ret, nop */
static const uint8_t sleep_code[] = {0xc3, 0x90, 0x90, 0x90, 0xb8, 0xe6, 0, 0, 0, 0x0f, 0x05, 0xc3, 0x90};
/* mov $281, %eax (epoll_pwait), mov 4(%rsp), %edi, syscall, ret, nop */
static const uint8_t poll_code[] = {0xb8, 0x19, 1, 0, 0, 0x8b, 0x7c, 0x24, 4, 0x0f, 0x05, 0xc3, 0x90};
static const uint8_t read_code[] = {
    0xc3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
    0x31, 0xc0, 0x0f, 0x05, 0xc3, 0x90}; /* xor %eax, %eax, syscall, ret, nop */
/* mov $42, %eax (connect), syscall, ret, nop: once it is under way it can't be made again */
static const uint8_t connect_code[] = {0xc3, 0x90, 0x90, 0x90, 0xb8, 0x2a, 0, 0, 0, 0x0f, 0x05, 0xc3, 0x90};
#define SYSCALL_AT 9 /* in all four */
static ucontext_t context;

/* Where the thread stands, and what the system call made of it. */
static void stand_at(const uint8_t *pc, long rax, const uint8_t *rcx)
{
    memset(&context, 0, sizeof(context));
    context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)pc;
    context.uc_mcontext.gregs[REG_RSP] = SP;
    context.uc_mcontext.gregs[REG_RAX] = rax;
    context.uc_mcontext.gregs[REG_RCX] = (greg_t)(uintptr_t)rcx;
    thread_self.interrupted_sp = 0;
    thread_self.watched_call = 0;
    capture.libc_low = (uintptr_t)code;
    capture.libc_high = (uintptr_t)code + sizeof(code);
}

static void never_reached(int number)
{
    assert_int_equal(number, 0);
}

/* Settles while SIGUSR1 waits for the handler to end; then nothing waits any more. */
static void settle_before_usr1(sighandler_t disposition, int flags)
{
    struct sigaction action;
    sigset_t one;
    memset(&action, 0, sizeof(action));
    action.sa_handler = disposition;
    action.sa_flags = flags;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    sigprocmask(SIG_BLOCK, &one, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    interruption_settle(&context);
    signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static void only_where_a_system_call_of_libcs_returned_is_it_marked(void **state)
{
    (void)state;
    for (const uint8_t *pc = code; pc <= code + sizeof(code); pc++) {
        stand_at(pc, -EINTR, end);
        interruption_settle(&context);
        assert_int_equal(thread_self.interrupted_sp, pc == end ? SP : 0);
    }
    stand_at(end, -EINTR, end);
    capture.libc_high = capture.libc_low;
    interruption_settle(&context);
    assert_int_equal(thread_self.interrupted_sp, 0);
}

static void a_call_that_the_programs_handler_ended_too_is_not_marked(void **state)
{
    (void)state;
    stand_at(end, -EINTR, end);
    settle_before_usr1(never_reached, SA_RESTART);
    assert_int_equal(thread_self.interrupted_sp, 0);
    sigaddset(&context.uc_sigmask, SIGUSR1); /* blocked where our handler returns to: it ended nothing */
    settle_before_usr1(never_reached, 0);
    assert_int_equal(thread_self.interrupted_sp, SP);
    stand_at(end, -EINTR, end);
    settle_before_usr1(SIG_IGN, 0);
    assert_int_equal(thread_self.interrupted_sp, SP);
}

/* A thread for which code[SYSCALL_AT] has just returned `rax`. */
static void return_from(const uint8_t *made_up, size_t bytes, long rax)
{
    stand_at(made_up + SYSCALL_AT + 2, rax, NULL);
    capture.libc_low = (uintptr_t)made_up;
    capture.libc_high = (uintptr_t)made_up + bytes;
}

static void assert_runs_again(const uint8_t *made_up, long number)
{
    assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], made_up + SYSCALL_AT);
    assert_int_equal(context.uc_mcontext.gregs[REG_RAX], number);
    assert_int_equal(thread_self.interrupted_sp, 0);
}

static void assert_only_marked(const uint8_t *made_up, long rax)
{
    assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], made_up + SYSCALL_AT + 2);
    assert_int_equal(context.uc_mcontext.gregs[REG_RAX], rax);
    assert_int_equal(thread_self.interrupted_sp, SP);
}

static void a_call_that_nobody_watches_runs_again(void **state)
{
    (void)state;
    return_from(sleep_code, sizeof(sleep_code), -EINTR);
    interruption_settle(&context);
    assert_runs_again(sleep_code, SYS_clock_nanosleep);
    return_from(poll_code, sizeof(poll_code), -EINTR);
    interruption_settle(&context);
    assert_runs_again(poll_code, SYS_epoll_pwait);
    return_from(read_code, sizeof(read_code), -EINTR);
    interruption_settle(&context);
    assert_runs_again(read_code, SYS_read);
}

static void a_call_that_is_watched_or_unknown_or_done_stays_ended(void **state)
{
    (void)state;
    return_from(sleep_code, sizeof(sleep_code), -EINTR);
    thread_self.watched_call = SP + CALL_FRAMES_BYTES - 1;
    interruption_settle(&context);
    assert_only_marked(sleep_code, -EINTR);
    return_from(sleep_code, sizeof(sleep_code), 0);
    interruption_settle(&context);
    assert_only_marked(sleep_code, 0);
    return_from(connect_code, sizeof(connect_code), -EINTR);
    interruption_settle(&context);
    assert_only_marked(connect_code, -EINTR);
    return_from(sleep_code, sizeof(sleep_code), -EINTR);
    settle_before_usr1(never_reached, SA_RESTART);
    assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], sleep_code + SYSCALL_AT + 2);
    assert_int_equal(context.uc_mcontext.gregs[REG_RAX], -EINTR);
}

static void a_call_that_a_handler_made_meanwhile_watches_nothing_above_it(void **state)
{
    (void)state;
    return_from(sleep_code, sizeof(sleep_code), -EINTR);
    thread_self.watched_call = SP - 1;
    interruption_settle(&context);
    assert_runs_again(sleep_code, SYS_clock_nanosleep);
}

static void assert_restarted(bool is_restarted, long number)
{
    assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], is_restarted ? instruction : end);
    assert_int_equal(context.uc_mcontext.gregs[REG_RAX], is_restarted ? number : -EINTR);
    assert_int_equal(thread_self.interrupted_sp, 0);
}

static void a_restart_ends_with_eintr_when_a_handler_asked_for_it(void **state)
{
    (void)state;
    stand_at(instruction, SYS_read, end);
    interruption_settle(&context);
    assert_restarted(true, SYS_read);
    settle_before_usr1(never_reached, SA_RESTART);
    assert_restarted(true, SYS_read);
    settle_before_usr1(SIG_IGN, 0);
    assert_restarted(true, SYS_read);
    settle_before_usr1(never_reached, 0);
    assert_restarted(false, SYS_read);
}

static void a_call_that_has_not_run_yet_will(void **state)
{
    (void)state;
    stand_at(instruction, SYS_read, code);
    settle_before_usr1(never_reached, 0);
    assert_restarted(true, SYS_read);
}

static void what_the_kernel_restarts_after_any_handler_is_restarted(void **state)
{
    (void)state;
    stand_at(instruction, SYS_clone, end);
    settle_before_usr1(never_reached, 0);
    assert_restarted(true, SYS_clone);
    stand_at(instruction, SYS_futex, end);
    context.uc_mcontext.gregs[REG_RSI] = FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG;
    settle_before_usr1(never_reached, 0);
    assert_restarted(true, SYS_futex);
    context.uc_mcontext.gregs[REG_RSI] = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
    settle_before_usr1(never_reached, 0);
    assert_restarted(false, SYS_futex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_where_a_system_call_of_libcs_returned_is_it_marked),
        cmocka_unit_test(a_call_that_the_programs_handler_ended_too_is_not_marked),
        cmocka_unit_test(a_call_that_nobody_watches_runs_again),
        cmocka_unit_test(a_call_that_is_watched_or_unknown_or_done_stays_ended),
        cmocka_unit_test(a_call_that_a_handler_made_meanwhile_watches_nothing_above_it),
        cmocka_unit_test(a_restart_ends_with_eintr_when_a_handler_asked_for_it),
        cmocka_unit_test(a_call_that_has_not_run_yet_will),
        cmocka_unit_test(what_the_kernel_restarts_after_any_handler_is_restarted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
