/* A tick of the thread's CPU clock becomes a record in the thread's ring and, while a trace runs, an event.
 */
#include "capture/sample_handler.h"

#include "base/clock.h"
#include "capture/capture.h"
#include "capture/interruption.h"
#include "capture/others.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/banned.h"

sample_foreign_fn sample_foreign;

typedef void (*work_fn)(struct thread_slot *slot, const siginfo_t *info, const ucontext_t *context);

/* work(slot, info, context) with sp at `top`: what is left of the interrupted stack may not be enough for it.
 * A debugger finds its way out by rbp. */
void sample_work_on_stack(struct thread_slot *slot, const siginfo_t *info, const ucontext_t *context,
                          void *top, work_fn work);
__asm__(".pushsection .text\n"
        ".hidden sample_work_on_stack\n"
        ".globl sample_work_on_stack\n"
        ".type sample_work_on_stack, @function\n"
        "sample_work_on_stack:\n"
        "\t.cfi_startproc\n"
        "\tpushq %rbp\n"
        "\t.cfi_def_cfa_offset 16\n"
        "\t.cfi_offset 6, -16\n"
        "\tmovq %rsp, %rbp\n"
        "\t.cfi_def_cfa_register 6\n"
        "\tmovq %rcx, %rsp\n"
        "\tcall *%r8\n"
        "\tleave\n"
        "\t.cfi_def_cfa 7, 8\n"
        "\tret\n"
        "\t.cfi_endproc\n"
        ".size sample_work_on_stack, .-sample_work_on_stack\n"
        ".popsection\n");

static void take_sample(struct thread_slot *slot, const siginfo_t *info, const ucontext_t *context)
{
    uint32_t stack = capture_interrupted(context);
    /* Timers tick with the kernel's HZ: the overrun says how many periods passed since the last signal. */
    uint32_t count = 1 + (uint32_t)(info->si_overrun > 0 ? info->si_overrun : 0);
    uint32_t arming = atomic_load_explicit(&slot->armings, memory_order_relaxed);
    slot->ticks_counted = slot->counted_arming == arming ? slot->ticks_counted + count : count;
    slot->counted_arming = arming;
    int64_t value = (int64_t)count * atomic_load_explicit(&capture.sampling.period_ns, memory_order_relaxed);
    if (atomic_load_explicit(&capture.sampling.is_recorded, memory_order_relaxed)) {
        struct record record = {.time_ns = clock_mono_ns(),
                                .value = value,
                                .stack = stack,
                                .tid = thread_self.tid,
                                .count = count,
                                .kind = RECORD_CPU,
                                .labels = (uint16_t)thread_self.labels};
        ring_push(&slot->ring, &record);
    }
    const struct sink *sink = atomic_load_explicit(&capture.sink, memory_order_acquire);
    if (!sink || !atomic_load_explicit(&capture.traces_samples, memory_order_relaxed) || !sink->is_enabled())
        return;
    /* A thread enters the provider first from a hook: its lazy state must not be made here. */
    if (!thread_self.is_trace_ready) {
        atomic_fetch_add_explicit(&capture.sampling.unready, count, memory_order_relaxed);
        return;
    }
    capture_send_interrupted(sink, stack);
    sink->sample(value, stack);
}

/* Somebody asked where this thread is. */
static void answer(struct thread_slot *slot, const siginfo_t *info, const ucontext_t *context)
{
    (void)info;
    others_answer(slot, capture_interrupted(context));
}

void sample_handler(int signal, siginfo_t *info, void *context)
{
    bool is_question = info->si_code == SI_QUEUE && info->si_pid == getpid();
    if ((info->si_code != SI_TIMER && !is_question) ||
        (uintptr_t)info->si_value.sival_ptr != capture.cookie) {
        if (sample_foreign)
            sample_foreign(signal, info, context);
        return;
    }
    int error = errno;
    bool is_timed = cost_is_timed(thread_self.samples_taken++);
    int64_t start_ns = is_timed ? clock_mono_ns() : 0;
    struct thread_slot *slot = capture_slot();
    struct scratch *scratch = slot ? scratch_take(capture.scratches, &slot->in_handler) : NULL;
    if (!is_question && !atomic_load_explicit(&capture.sampling.is_active, memory_order_acquire))
        atomic_fetch_add_explicit(&capture.sampling.late, 1, memory_order_relaxed);
    else if (scratch)
        sample_work_on_stack(slot, info, context, scratch->handler_stack + HANDLER_STACK_BYTES,
                             is_question ? answer : take_sample);
    else if (slot && is_question)
        others_answer(slot, 0);
    if (scratch)
        scratch_give(&slot->in_handler);
    cost_add(&capture.handler_cost, is_timed ? clock_mono_ns() - start_ns : -1);
    interruption_settle(context);
    errno = error;
}
