/* libc's syscall(): the few numbers by which a thread or a process ends, is copied, is restricted, or waits
 * for another thread, where no other hook sees it. */
#include "hooks/forks.h"
#include "hooks/reals.h"
#include "hooks/seal.h"
#include "hooks/threads.h"
#include "hooks/vfork.h"

#include <linux/sched.h>

/* The flags and the stack of a child about to be made. */
struct raw_child {
    uint64_t flags, stack;
};

static struct raw_child child_of(long number, const long *arguments)
{
    const struct clone_args *wanted = (const struct clone_args *)arguments[0];
    switch (number) {
    case SYS_clone:
        return (struct raw_child){(uint64_t)arguments[0], (uint64_t)arguments[1]};
    case SYS_clone3:
        return wanted ? (struct raw_child){wanted->flags, wanted->stack} : (struct raw_child){0, 0};
    case SYS_vfork:
        return (struct raw_child){CLONE_VM | CLONE_VFORK, 0};
    default:
        return (struct raw_child){0, 0};
    }
}

/* Looks at a call with its arguments. True: it was made, and *arguments is its result. */
__attribute__((used, visibility("hidden"))) bool raw_call_begins(long number, long *arguments);
bool raw_call_begins(long number, long *arguments)
{
    reals_resolve();
    if (!capture.threads || thread_self.is_internal || vfork_is_child())
        return false;
    if (number == SYS_exit) {
        threads_leave_raw((int)arguments[0]);
    } else if (number == SYS_prctl || number == SYS_seccomp) {
        seal_before(number, arguments[0], arguments[1], arguments[2]);
    } else if (number == SYS_exit_group) {
        forks_finish();
    } else if (number == SYS_clone || number == SYS_clone3 || number == SYS_fork || number == SYS_vfork) {
        struct raw_child child = child_of(number, arguments);
        if (!(child.flags & CLONE_VM) && !child.stack) {
            arguments[0] = forks_copy_raw(number, arguments);
            return true;
        }
        if ((child.flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM)
            forks_expect_kin(child.flags & CLONE_VFORK ? KIN_VFORK : KIN_CLONE);
    }
    return false;
}

/* A jump, so that children on other stacks and in shared memory come back into the program, not into a frame
 * of ours. */
__asm__(".pushsection .text\n"
        ".globl syscall\n"
        ".type syscall, @function\n"
        "syscall:\n"
        "\t.cfi_startproc\n"
        "\tcmpq $56, %rdi\n" /* clone */
        "\tje 2f\n"
        "\tcmpq $57, %rdi\n" /* fork */
        "\tje 2f\n"
        "\tcmpq $58, %rdi\n" /* vfork */
        "\tje 2f\n"
        "\tcmpq $60, %rdi\n" /* exit */
        "\tje 2f\n"
        "\tcmpq $157, %rdi\n" /* prctl */
        "\tje 2f\n"
        "\tcmpq $231, %rdi\n" /* exit_group */
        "\tje 2f\n"
        "\tcmpq $317, %rdi\n" /* seccomp */
        "\tje 2f\n"
        "\tcmpq $435, %rdi\n" /* clone3 */
        "\tje 2f\n"
        "\tcmpq $0, real_syscall(%rip)\n"
        "\tje 2f\n"
        "\tcmpq $202, %rdi\n" /* futex */
        "\tje raw_futex\n"
        "1:\tjmp *real_syscall(%rip)\n"
        "2:\tpushq %r9\n" /* the arguments as an array, then the number */
        "\tpushq %r8\n"
        "\tpushq %rcx\n"
        "\tpushq %rdx\n"
        "\tpushq %rsi\n"
        "\tmovq %rsp, %rsi\n"
        "\tpushq %rdi\n"
        "\tsubq $8, %rsp\n"
        "\t.cfi_adjust_cfa_offset 56\n"
        "\tcall raw_call_begins\n"
        "\taddq $8, %rsp\n"
        "\ttestb %al, %al\n"
        "\tmovq 8(%rsp), %rax\n"
        "\tpopq %rdi\n"
        "\tpopq %rsi\n"
        "\tpopq %rdx\n"
        "\tpopq %rcx\n"
        "\tpopq %r8\n"
        "\tpopq %r9\n"
        "\t.cfi_adjust_cfa_offset -56\n"
        "\tje 1b\n"
        "\tret\n"
        "\t.cfi_endproc\n"
        ".size syscall, .-syscall\n"
        ".popsection\n");
