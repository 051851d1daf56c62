/* From registers to a stack number: gate, walk, dictionary. */
#include "capture/capture.h"

#include "capture/unwind.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

struct capture_state capture;
__thread struct thread_self thread_self __attribute__((tls_model("initial-exec")));

struct thread_slot *capture_slot(void)
{
    if (LIKELY(thread_self.slot != NULL))
        return thread_self.slot;
    if (thread_self.is_internal || !capture.threads)
        return NULL;
    thread_self.tid = (int32_t)syscall(SYS_gettid);
    struct thread_slot *slot =
        thread_slot_find(capture.threads, thread_self.tid); /* adopted by the profiler? */
    if (!slot)
        slot = thread_slot_take(capture.threads);
    if (!slot)
        return NULL;
    slot->is_foreign = true;
    atomic_store_explicit(&slot->tid, thread_self.tid, memory_order_release);
    thread_self.slot = slot;
    return slot;
}

static uint32_t intern(const uint64_t *pcs, uint32_t count)
{
    if (count && pcs[count - 1] < PC_MARKERS) {
        _Atomic uint64_t *counter = pcs[count - 1] == PC_TRUNCATED ? &capture.truncated : &capture.failed;
        if (pcs[count - 1] != PC_GATED)
            atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    }
    return stacks_intern(capture.stacks, pcs, count, module_epoch(&capture.modules));
}

static uint32_t capture_from(struct thread_slot *slot, const struct unwind_registers *registers,
                             struct walk_scratch *scratch)
{
    uint64_t *frames = scratch->frames;
    if (!module_enter(&capture.modules, slot)) {
        frames[0] = registers->pc;
        frames[1] = PC_GATED;
        return intern(frames, 2);
    }
    struct unwinder unwinder = {.modules = &capture.modules,
                                .rules = capture.rules,
                                .own_low = capture.own_low,
                                .own_high = capture.own_high,
                                .scratch = scratch};
    if (registers->sp >= slot->stack_low && registers->sp < slot->stack_high) {
        unwinder.stack_low = slot->stack_low;
        unwinder.stack_high = slot->stack_high;
    }
    uint32_t count = unwind(&unwinder, registers, frames, STACK_FRAMES_MAX);
    if (count && frames[0] >= capture.plain_low && frames[0] < capture.plain_high && thread_self.plain_call)
        frames[0] = thread_self.plain_call; /* by the name that the program called */
    uint32_t stack = count ? intern(frames, count) : 0;
    module_leave(slot);
    return stack;
}

uint32_t __attribute__((noinline)) capture_here(void)
{
    struct thread_slot *slot = capture_slot();
    if (!slot)
        return 0;
    /* This function's own frame is among preflame's, which the walk leaves out. */
    struct unwind_registers registers = {.pc = 0};
    __asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2"
                     : "=r"(registers.pc), "=r"(registers.sp), "=r"(registers.bp));
    __asm__ volatile("movq %%rbx, %0\n\tmovq %%r12, %1\n\tmovq %%r13, %2\n\tmovq %%r14, %3\n\tmovq %%r15, %4"
                     : "=m"(registers.rest[3]), "=m"(registers.rest[12]), "=m"(registers.rest[13]),
                       "=m"(registers.rest[14]), "=m"(registers.rest[15]));
    struct scratch *scratch = scratch_take(capture.scratches, &slot->in_hook);
    if (!scratch)
        return 0;
    uint32_t stack = capture_from(slot, &registers, &scratch->walk);
    scratch_give(&slot->in_hook);
    return stack;
}

uint32_t capture_interrupted(const ucontext_t *context)
{
    struct thread_slot *slot = capture_slot();
    if (!slot)
        return 0;
    const greg_t *from = context->uc_mcontext.gregs;
    struct unwind_registers registers = {.pc = (uint64_t)from[REG_RIP],
                                         .sp = (uint64_t)from[REG_RSP],
                                         .bp = (uint64_t)from[REG_RBP],
                                         .rest = {[0] = (uint64_t)from[REG_RAX],
                                                  [1] = (uint64_t)from[REG_RDX],
                                                  [2] = (uint64_t)from[REG_RCX],
                                                  [3] = (uint64_t)from[REG_RBX],
                                                  [4] = (uint64_t)from[REG_RSI],
                                                  [5] = (uint64_t)from[REG_RDI],
                                                  [8] = (uint64_t)from[REG_R8],
                                                  [9] = (uint64_t)from[REG_R9],
                                                  [10] = (uint64_t)from[REG_R10],
                                                  [11] = (uint64_t)from[REG_R11],
                                                  [12] = (uint64_t)from[REG_R12],
                                                  [13] = (uint64_t)from[REG_R13],
                                                  [14] = (uint64_t)from[REG_R14],
                                                  [15] = (uint64_t)from[REG_R15]}};
    struct scratch *scratch = scratch_take(capture.scratches, &slot->in_handler);
    return scratch ? capture_from(slot, &registers, &scratch->walk) : 0;
}

uint32_t capture_marked(uint64_t marker, uint64_t function)
{
    const uint64_t frames[] = {marker, function};
    return stacks_intern(capture.stacks, marker ? frames : frames + 1,
                         (marker ? 1U : 0U) + (function ? 1U : 0U), module_epoch(&capture.modules));
}

static void send_stack(const struct sink *sink, uint32_t stack, struct scratch_hold *hold)
{
    uint32_t session = atomic_load_explicit(&capture.session, memory_order_acquire);
    if (!stack || atomic_load_explicit(&capture.stacks->sent[stack - 1], memory_order_acquire) == session)
        return;
    struct scratch *scratch = scratch_take(capture.scratches, hold);
    if (!scratch)
        return;
    uint32_t count = stacks_read(capture.stacks, stack, scratch->walk.frames, NULL);
    sink->stack(stack, scratch->walk.frames, count);
    /* Release, after the entry went out: two threads may send it twice, none may use it unsent. */
    atomic_store_explicit(&capture.stacks->sent[stack - 1], session, memory_order_release);
}

void capture_send_stack(const struct sink *sink, uint32_t stack)
{
    if (!thread_self.slot)
        return;
    send_stack(sink, stack, &thread_self.slot->in_hook);
    scratch_give(&thread_self.slot->in_hook);
}

void capture_send_interrupted(const struct sink *sink, uint32_t stack)
{
    if (thread_self.slot)
        send_stack(sink, stack, &thread_self.slot->in_handler);
}
