/* A wait for a lock, and a release of one that is waited for. */
#include "hooks/locks.h"

#include "hooks/inside.h"

#include <errno.h>

static uint32_t stack_of_caller(void)
{
    thread_self.guard++;
    uint32_t stack = capture_here();
    thread_self.guard--;
    return stack;
}

void lock_call_begin(struct lock_call *lock, unsigned reason, const void *object, bool is_mutex,
                     int64_t timeout_ns, const struct place *place)
{
    int error = errno;
    lock->is_mutex = is_mutex;
    lock->is_joined = call_is_watched();
    call_begin(&lock->call, reason, (uintptr_t)object, LOCK, timeout_ns, place);
    if (lock->is_joined) {
        /* Now, while the thread has nothing better to do: later it holds the lock. */
        if (!lock->call.stack)
            lock->call.stack = stack_of_caller();
        waits_lock_begin(&lock->wait, object, lock->call.stack);
    }
    errno = error;
}

void lock_call_left(struct lock_call *lock)
{
    if (!lock->is_joined)
        return;
    lock->is_joined = false;
    waits_lock_end(&lock->wait, lock->call.reason, lock->is_mutex);
}

void lock_call_end(struct lock_call *lock, int result)
{
    int error = errno;
    call_end(&lock->call, NO_SYSCALL, -(int64_t)result);
    lock_call_left(lock);
    errno = error;
}

void locks_release(unsigned reason, const void *object, bool is_mutex, uint32_t stack)
{
    if (!call_is_watched())
        return;
    const struct sink *sink = call_sink();
    int error = errno;
    if (sink) {
        struct inside inside;
        inside_begin(&inside);
        if (!stack)
            stack = capture_here();
        capture_send_stack(sink, stack);
        sink->wake((uint8_t)reason, (uintptr_t)object, contention_waiting(object), stack);
        inside_end(&inside);
    }
    waits_released(object, reason, is_mutex, stack);
    errno = error;
}
