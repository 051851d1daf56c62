/* A handler of the program's that never returns to what it interrupted: it jumps, or ends the process. If
 * that was preflame, what the thread was in the middle of is undone here. */
#include "hooks/torn.h"

#include "capture/capture.h"
#include "hooks/inside.h"
#include "hooks/reals.h"
#include "hooks/tail_call.h"
#include "hooks/vfork.h"

void hooks_were_torn(void)
{
    struct thread_slot *slot = thread_self.slot;
    if (thread_self.is_internal || vfork_is_child())
        return;
    thread_self.plain_call = 0;
    thread_self.is_forking = false;
    if (slot) {
        atomic_store_explicit(&slot->in_capture, 0, memory_order_release);
        scratch_give(&slot->in_hook);
    }
    if (LIKELY(!thread_self.guard))
        return;
    thread_self.guard = 0;
    const struct sink *sink = atomic_load_explicit(&capture.sink, memory_order_acquire);
    if (sink && thread_self.is_trace_ready)
        sink->abandon();
}

atomic_bool program_may_jump;

/* They return twice, to their caller and its frame: note it, and go there. */
#define SETJMP(name)                                                                                         \
    __asm__(TAIL_BEGIN(name) "\tmovb $1, program_may_jump(%rip)\n" TAIL_RESOLVE(name) TAIL_END(name))
SETJMP(setjmp);
SETJMP(_setjmp);
SETJMP(__sigsetjmp);

/* No frame of ours may stand in the way: look, and jump. */
#define JUMP(name)                                                                                           \
    __asm__(TAIL_BEGIN(name) TAIL_RESOLVE(name) TAIL_SAVE                                                    \
            "\tcall hooks_were_torn\n" TAIL_RESTORE TAIL_END(name))
JUMP(longjmp);
JUMP(_longjmp);
JUMP(siglongjmp);
JUMP(__longjmp_chk);
