/* A signal is delivered where a system call returns to, on the stack of who made it. */
#include "capture/interruption.h"

#include "capture/sample_handler.h"
#include "capture/state.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

#define SYSCALL_BYTES 2 /* of the instruction */
#define MOVE_BYTES 5    /* of `mov $number, %eax` */
#define RELOAD_BYTES 4  /* of `mov disp8(%rsp), %edi`, which may stand between the two */

static bool is_syscall(uint64_t pc)
{
    const uint8_t *code = (const uint8_t *)(uintptr_t)pc;
    return code[0] == 0x0f && code[1] == 0x05;
}

/* Does the program handle a signal that arrives as soon as we are done? With which flags, for the first one?
 */
static bool program_is_next(const ucontext_t *context, unsigned long *ret_flags)
{
    uint64_t pending = 0, blocked;
    __builtin_memcpy(&blocked, &context->uc_sigmask, sizeof(blocked));
    syscall(SYS_rt_sigpending, &pending, sizeof(pending));
    pending &= ~blocked & ~(UINT64_C(1) << (SAMPLE_SIGNAL - 1));
    for (; pending; pending &= pending - 1) {
        uint64_t action[4] = {0}; /* the kernel's: handler, flags, restorer, mask */
        syscall(SYS_rt_sigaction, (long)__builtin_ctzll(pending) + 1, NULL, action, sizeof(action[3]));
        if (action[0] != (uintptr_t)SIG_DFL && action[0] != (uintptr_t)SIG_IGN) {
            *ret_flags = action[1];
            return true;
        }
    }
    return false;
}

static bool is_futex_wait(const greg_t *registers) /* not on a lock with inherited priorities */
{
    int operation = (int)registers[REG_RSI] & FUTEX_CMD_MASK;
    return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
}

/* Calls that the kernel restarts after handlers with SA_RESTART only; others it restarts after any. */
static bool is_restarted_on_demand(const greg_t *registers)
{
    switch (registers[REG_RAX]) {
    case SYS_futex:
        return is_futex_wait(registers);
    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_sendfile:
    case SYS_splice:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_open:
    case SYS_openat:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_flock:
    case SYS_fcntl:
    case SYS_mq_timedsend:
    case SYS_mq_timedreceive:
        return true;
    default:
        return false;
    }
}

/* Calls that no handler lets go on, and that have done nothing when they end with EINTR. */
static bool is_repeatable(long number, const greg_t *registers)
{
    switch (number) {
    case SYS_futex:
        return is_futex_wait(registers);
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_msgsnd:
    case SYS_msgrcv:
    case SYS_io_getevents:
    /* with a timeout in the socket */
    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_sendfile:
    case SYS_accept:
    case SYS_accept4:
        return true;
    default:
        return false;
    }
}

/* The number of the system call at `pc`, by the instructions before it, or -1: libc loads it last, but for an
 * argument that it kept on its stack. */
static long number_at(uint64_t pc)
{
    const uint8_t *code = (const uint8_t *)(uintptr_t)pc;
    if (pc - RELOAD_BYTES - MOVE_BYTES < capture.libc_low)
        return -1;
    if (code[-4] == 0x8b && code[-3] == 0x7c && code[-2] == 0x24)
        code -= RELOAD_BYTES;
    if (code[-2] == 0x31 && code[-1] == 0xc0) /* xor %eax, %eax */
        return SYS_read;
    if (code[-MOVE_BYTES] != 0xb8)
        return -1;
    int32_t number;
    __builtin_memcpy(&number, code - sizeof(number), sizeof(number));
    return number;
}

static bool is_watched(const greg_t *registers)
{
    return thread_self.watched_call - (uint64_t)registers[REG_RSP] < CALL_FRAMES_BYTES;
}

static bool run_again(greg_t *registers, uint64_t pc)
{
    long number = registers[REG_RAX] == -EINTR && !is_watched(registers) ? number_at(pc) : -1;
    if (!is_repeatable(number, registers))
        return false;
    registers[REG_RIP] = (greg_t)pc;
    registers[REG_RAX] = number;
    return true;
}

void interruption_settle(ucontext_t *context)
{
    greg_t *registers = context->uc_mcontext.gregs;
    uint64_t pc = (uint64_t)registers[REG_RIP];
    unsigned long flags = 0;
    if (pc - SYSCALL_BYTES < capture.libc_low || pc + SYSCALL_BYTES > capture.libc_high)
        return;
    if (is_syscall(pc - SYSCALL_BYTES)) {
        if (!program_is_next(context, &flags) && !run_again(registers, pc - SYSCALL_BYTES))
            thread_self.interrupted_sp = (uint64_t)registers[REG_RSP];
    } else if (is_syscall(pc) && (uint64_t)registers[REG_RCX] == pc + SYSCALL_BYTES &&
               is_restarted_on_demand(registers)) {
        /* The instruction leaves its end in rcx: it has run, and would run again. */
        if (program_is_next(context, &flags) && !(flags & SA_RESTART)) {
            registers[REG_RIP] = (greg_t)pc + SYSCALL_BYTES;
            registers[REG_RAX] = -EINTR;
        }
    }
}
