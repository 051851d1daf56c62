/* Waiting for threads, letting them go and naming them. */
#include "hooks/inside.h"
#include "hooks/locks.h"
#include "hooks/reals.h"

#include <string.h>

static COLD int recorded_join(pthread_t thread, void **value)
{
    LOCK_CALL(WAIT_JOIN, (const void *)thread, false, -1, real_pthread_join(thread, value));
}

EXPORT int pthread_join(pthread_t thread, void **value)
{
    return LIKELY(!hooks_watch_locks()) ? real_pthread_join(thread, value) : recorded_join(thread, value);
}

static COLD int recorded_thrd_join(thrd_t thread, int *value)
{
    LOCK_CALL(WAIT_JOIN, (const void *)thread, false, -1, real_thrd_join(thread, value));
}

EXPORT int thrd_join(thrd_t thread, int *value)
{
    return LIKELY(!hooks_watch_locks()) ? real_thrd_join(thread, value) : recorded_thrd_join(thread, value);
}

EXPORT int pthread_detach(pthread_t thread)
{
    const struct sink *sink = hooks_are_traced() ? call_sink() : NULL;
    if (sink) {
        struct inside inside;
        inside_begin(&inside);
        sink->thread_detach((uint64_t)thread);
        inside_end(&inside);
    }
    return real_pthread_detach(thread);
}
EXPORT int pthread_setname_np(pthread_t thread, const char *name)
{
    int result = real_pthread_setname_np(thread, name);
    if (result || !capture.threads)
        return result;
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        if (atomic_load_explicit(&slot->pthread, memory_order_relaxed) != (uint64_t)thread ||
            atomic_load_explicit(&slot->state, memory_order_acquire) != SLOT_LIVE)
            continue;
        int32_t tid = atomic_load_explicit(&slot->tid, memory_order_acquire);
        strncpy(slot->name, name, sizeof(slot->name) - 1);
        const struct sink *sink = tid && hooks_are_traced() ? call_sink() : NULL;
        if (sink) {
            struct inside inside;
            inside_begin(&inside);
            sink->thread_name(tid, slot->name);
            inside_end(&inside);
        }
        break;
    }
    return result;
}
