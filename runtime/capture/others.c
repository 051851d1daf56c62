/* Reading a wait that may end any moment, and a question answered in a signal handler. */
#include "capture/others.h"

#include "capture/unwind.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/sample_handler.h"

#include "base/banned.h"

/* Between module_enter and module_leave, which it calls. */
static uint32_t stack_at(struct thread_slot *self, const struct place *place, struct walk_scratch *scratch)
{
    const struct unwinder unwinder = {.modules = &capture.modules,
                                      .rules = capture.rules,
                                      .own_low = capture.own_low,
                                      .own_high = capture.own_high,
                                      .scratch = scratch};
    /* The pc is a return address. */
    const struct unwind_registers registers = {.pc = place->pc - 1, .sp = place->sp, .bp = place->bp};
    uint32_t count = unwind(&unwinder, &registers, scratch->frames, STACK_FRAMES_MAX);
    uint32_t stack = 0;
    if (count)
        stack = stacks_intern(capture.stacks, scratch->frames, count, module_epoch(&capture.modules));
    module_leave(self);
    return stack;
}

uint32_t others_stack(const struct place *place)
{
    struct thread_slot *self = thread_self.slot;
    struct scratch *scratch = self ? scratch_take(capture.scratches, &self->in_hook) : NULL;
    if (!scratch)
        return 0;
    uint32_t stack = module_enter(&capture.modules, self) ? stack_at(self, place, &scratch->walk) : 0;
    scratch_give(&self->in_hook);
    return stack;
}

uint32_t others_wait(struct thread_slot *slot, struct wait_state *ret)
{
    /* Acquire: with an odd number come the words behind it. */
    uint32_t before = atomic_load_explicit(&slot->wait.sequence, memory_order_acquire);
    if (!(before & 1))
        return 0;
    ret->reason = slot->wait.reason;
    ret->object = slot->wait.object;
    ret->since_ns = slot->wait.since_ns;
    ret->place = slot->wait.place;
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&slot->wait.sequence, memory_order_relaxed) == before ? before : 0;
}

bool others_waiting(struct thread_slot *slot, struct wait_state *ret, uint32_t *ret_stack)
{
    uint32_t before = others_wait(slot, ret);
    if (!before)
        return false;
    *ret_stack = others_stack(&ret->place);
    return atomic_load_explicit(&slot->wait.sequence, memory_order_acquire) == before;
}

uint32_t others_ask(struct thread_slot *slot)
{
    int32_t tid = atomic_load_explicit(&slot->tid, memory_order_relaxed);
    uint32_t number = atomic_load_explicit(&slot->asked, memory_order_relaxed) + 1;
    siginfo_t info = {.si_signo = SAMPLE_SIGNAL, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    info.si_value.sival_ptr = (void *)capture.cookie;
    atomic_store_explicit(&slot->asked, number, memory_order_release);
    if (syscall(SYS_rt_tgsigqueueinfo, (long)getpid(), (long)tid, (long)SAMPLE_SIGNAL, &info) != 0)
        return 0;
    return number;
}

bool others_answered(struct thread_slot *slot, uint32_t number, uint32_t *ret_stack)
{
    if (atomic_load_explicit(&slot->answered, memory_order_acquire) != number)
        return false;
    *ret_stack = slot->answered_stack;
    return true;
}

void others_answer(struct thread_slot *slot, uint32_t stack)
{
    uint32_t number = atomic_load_explicit(&slot->asked, memory_order_acquire);
    slot->answered_stack = stack;
    /* Release: publishes the stack. */
    atomic_store_explicit(&slot->answered, number, memory_order_release);
}
