/* The public API's half that writes into a trace: tasks, regions, logs, counters. Without a trace nothing but
 * a task's number is made. */
#include "boot/api.h"

#include "hooks/call.h"
#include "hooks/inside.h"
#define PREFLAME_NO_FUNCTIONS /* they are here */
#include "preflame/preflame.h"

#include <errno.h>
#include <stdatomic.h>

static _Atomic uint64_t last_task; /* numbers tasks, also those that begin before a trace does */

static uint32_t sent_stack(const struct sink *sink)
{
    uint32_t stack = capture_here();
    capture_send_stack(sink, stack);
    return stack;
}

/* Does anybody listen? One load decides while no trace was ever asked for. */
static inline bool is_idle(void)
{
    return LIKELY(!atomic_load_explicit(&capture.sink, memory_order_relaxed));
}

/* Calls the sink, if a session listens, with the guard up; `stack` is the caller's in `call`. Not inlined
 * into what returns at once: there, saving registers would cost most. */
#define TELL(name, wants_stack, call, ...)                                                                   \
    static __attribute__((noinline)) int name(__VA_ARGS__)                                                   \
    {                                                                                                        \
        int error_before = errno;                                                                            \
        const struct sink *sink = call_sink();                                                               \
        if (sink) {                                                                                          \
            struct inside inside;                                                                            \
            inside_begin(&inside);                                                                           \
            uint32_t stack = (wants_stack) ? sent_stack(sink) : 0;                                           \
            (void)stack;                                                                                     \
            sink->call;                                                                                      \
            inside_end(&inside);                                                                             \
        }                                                                                                    \
        errno = error_before;                                                                                \
        return PREFLAME_OK;                                                                                  \
    }

TELL(tell_task_begin, true, task_begin(task, parent, name, stack), uint64_t task, uint64_t parent,
     const char *name)
TELL(tell_task_end, false, task_end(task), uint64_t task)
TELL(tell_region_begin, true, region_begin(task, name, stack), uint64_t task, const char *name)
TELL(tell_region_end, false, region_end(task, name), uint64_t task, const char *name)
TELL(tell_log, true, user_log(task, category, message, stack), uint64_t task, const char *category,
     const char *message)
TELL(tell_counter, false, counter(name, value), const char *name, double value)

EXPORT int preflame_task_begin(const char *name, uint64_t parent, uint64_t *ret_task)
{
    if (!api_engine)
        return PREFLAME_ABSENT;
    if (!name || !ret_task)
        return -EINVAL;
    *ret_task = atomic_fetch_add_explicit(&last_task, 1, memory_order_relaxed) + 1;
    return is_idle() ? PREFLAME_OK : tell_task_begin(*ret_task, parent, name);
}

EXPORT int preflame_task_end(uint64_t task)
{
    if (!api_engine)
        return PREFLAME_ABSENT;
    if (!task)
        return -EINVAL;
    return is_idle() ? PREFLAME_OK : tell_task_end(task);
}

EXPORT int preflame_region_begin(uint64_t task, const char *name)
{
    if (!api_engine)
        return PREFLAME_ABSENT;
    if (!name)
        return -EINVAL;
    return is_idle() ? PREFLAME_OK : tell_region_begin(task, name);
}

EXPORT int preflame_region_end(uint64_t task, const char *name)
{
    if (!api_engine)
        return PREFLAME_ABSENT;
    if (!name)
        return -EINVAL;
    return is_idle() ? PREFLAME_OK : tell_region_end(task, name);
}

EXPORT int preflame_log(uint64_t task, const char *category, const char *message)
{
    if (!api_engine)
        return PREFLAME_ABSENT;
    if (!category || !message)
        return -EINVAL;
    return is_idle() ? PREFLAME_OK : tell_log(task, category, message);
}

EXPORT int preflame_counter(const char *name, double value)
{
    if (!api_engine)
        return PREFLAME_ABSENT;
    if (!name)
        return -EINVAL;
    return is_idle() ? PREFLAME_OK : tell_counter(name, value);
}
