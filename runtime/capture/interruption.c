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

/* Calls that the kernel restarts after handlers with SA_RESTART only; others it restarts after any. */
static bool is_restarted_on_demand(const greg_t *registers)
{
    switch (registers[REG_RAX]) {
    case SYS_futex: { /* not the locks with inherited priorities */
        int operation = (int)registers[REG_RSI] & FUTEX_CMD_MASK;
        return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
    }
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

void interruption_settle(ucontext_t *context)
{
    greg_t *registers = context->uc_mcontext.gregs;
    uint64_t pc = (uint64_t)registers[REG_RIP];
    unsigned long flags = 0;
    if (pc - SYSCALL_BYTES < capture.libc_low || pc + SYSCALL_BYTES > capture.libc_high)
        return;
    if (is_syscall(pc - SYSCALL_BYTES)) {
        if (!program_is_next(context, &flags))
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
