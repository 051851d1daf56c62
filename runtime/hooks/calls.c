/* The interposed calls of calls.def: one template. */
#include "base/clock.h"
#include "hooks/call.h"
#include "hooks/reals.h"
#include "hooks/single.h"
#include "hooks/transfers.h"

#include <sys/single_threaded.h>

atomic_bool program_is_single;

void single_init(void)
{
    atomic_store_explicit(&program_is_single, __libc_single_threaded != 0, memory_order_relaxed);
}

/* Only samples are taken: nothing to tell, but an EINTR may be ours. */
static inline void sampled_begin(struct call *call, int64_t timeout_ns)
{
    thread_self.interrupted_sp = 0;
    call->timeout_ns = timeout_ns;
    /* Without a timeout in its arguments the call may have one in its socket, in ticks of the kernel's. */
    call->start_ns = timeout_ns > 0 ? clock_mono_ns() : timeout_ns < 0 ? clock_ns(CLOCK_MONOTONIC_COARSE) : 0;
}

/* The half of a hook that runs while something is recorded. */
#define RECORDED(ret, name, params, real_call, number, reason, object, kind, timeout, again, rest)           \
    ret name params;                                                                                         \
    static __attribute__((noinline)) ret recorded_##name params                                              \
    {                                                                                                        \
        struct call call;                                                                                    \
        ret result;                                                                                          \
        bool only_samples = call_only_samples(kind, kind != IO && (timeout) == 0);                           \
        if (LIKELY(only_samples))                                                                            \
            sampled_begin(&call, timeout);                                                                   \
        else                                                                                                 \
            call_begin(&call, reason, (uint64_t)(object), kind, timeout, PLACE_HERE);                        \
        do {                                                                                                 \
            result = real_call;                                                                              \
        } while (UNLIKELY(result == (ret)-1) && call_was_ours(&call) && (again));                            \
        if (UNLIKELY(thread_self.interrupted_sp))                                                            \
            result = (rest);                                                                                 \
        if (!only_samples)                                                                                   \
            call_end(&call, number, result == (ret)-1 ? -(int64_t)errno : (int64_t)result);                  \
        return result;                                                                                       \
    }

#define WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, rest)                   \
    RECORDED(ret, name, params, real_##name args, number, reason, object, kind, timeout, again, rest)        \
    EXPORT ret name params                                                                                   \
    {                                                                                                        \
        if (LIKELY(call_is_plain(kind, kind != IO && (timeout) == 0)))                                       \
            return real_##name args;                                                                         \
        return recorded_##name args;                                                                         \
    }

/* While samples may come, the plain call says whose it is: the handler finds the thread in libc's syscall().
 */
#define UNWRAP(...) __VA_ARGS__
#define PLAIN_CALL(ret, name, args, number)                                                                  \
    ({                                                                                                       \
        ret plain_result;                                                                                    \
        if (single_thread()) {                                                                               \
            thread_self.plain_call = (uint64_t)(uintptr_t)real_##name;                                       \
            plain_result = (ret)real_syscall(number, UNWRAP args);                                           \
            thread_self.plain_call = 0;                                                                      \
        } else {                                                                                             \
            plain_result = real_##name args;                                                                 \
        }                                                                                                    \
        plain_result;                                                                                        \
    })

#define PLAIN_WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, rest)             \
    RECORDED(ret, name, params, PLAIN_CALL(ret, name, args, number), number, reason, object, kind, timeout,  \
             again, rest)                                                                                    \
    EXPORT ret name params                                                                                   \
    {                                                                                                        \
        if (UNLIKELY(!call_is_plain(kind, kind != IO && (timeout) == 0)))                                    \
            return recorded_##name args;                                                                     \
        return single_thread() ? (ret)real_syscall(number, UNWRAP args) : real_##name args;                  \
    }

#define CALL(ret, name, params, args, number, reason, object, kind, timeout, again)                          \
    WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, result)
#define PLAIN(ret, name, params, args, number, reason, object, kind, timeout, again)                         \
    PLAIN_WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, result)
#include "hooks/calls.def"
#undef CALL
