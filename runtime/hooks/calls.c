/* The interposed calls of calls.def: one template. */
#include "base/clock.h"
#include "hooks/call.h"
#include "hooks/reals.h"
#include "hooks/single.h"
#include "hooks/transfers.h"

#include <sys/single_threaded.h>

HOT_DATA atomic_bool program_is_single = false;

void single_init(void)
{
    atomic_store_explicit(&program_is_single, __libc_single_threaded != 0, memory_order_relaxed);
}

/* Only samples are taken: nothing to tell, but an EINTR may be ours. */
static inline void sampled_begin(struct call *call, int64_t timeout_ns, bool is_timeless)
{
    call_watch(call);
    call->timeout_ns = timeout_ns;
    if (timeout_ns > 0)
        call->start_ns = clock_mono_ns();
    else if (timeout_ns < 0 && !is_timeless)
        /* The call may have a timeout in its socket, in ticks of the kernel's. */
        call->start_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
}

/* Makes the call, and what our signal cut off it. */
#define MAKE_CALL(ret, real_call, again, rest)                                                               \
    do {                                                                                                     \
        result = real_call;                                                                                  \
    } while (UNLIKELY(thread_self.interrupted_sp) && result == (ret)-1 && call_was_ours(&call) && (again));  \
    result = UNLIKELY(thread_self.interrupted_sp) ? (rest) : result

/* The halves of a hook that run while samples are taken, and nothing else; and while anything is recorded. A
 * repeat that doesn't ask for the time is a constant. */
#define HALVES(ret, name, params, real_call, number, reason, object, kind, timeout, again, rest)             \
    ret name params;                                                                                         \
    static __attribute__((noinline)) ret sampled_##name params                                               \
    {                                                                                                        \
        struct call call;                                                                                    \
        ret result;                                                                                          \
        sampled_begin(&call, timeout, __builtin_constant_p(again));                                          \
        MAKE_CALL(ret, real_call, again, rest);                                                              \
        return result;                                                                                       \
    }                                                                                                        \
    static __attribute__((noinline)) ret recorded_##name params                                              \
    {                                                                                                        \
        struct call call;                                                                                    \
        ret result;                                                                                          \
        call_begin(&call, reason, (uint64_t)(object), kind, timeout, PLACE_HERE);                            \
        MAKE_CALL(ret, real_call, again, rest);                                                              \
        call_end(&call, number, result == (ret)-1 ? -(int64_t)errno : (int64_t)result);                      \
        return result;                                                                                       \
    }

#define WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, rest)                   \
    HALVES(ret, name, params, real_##name args, number, reason, object, kind, timeout, again, rest)          \
    EXPORT ret name params                                                                                   \
    {                                                                                                        \
        if (LIKELY(call_is_plain(kind, kind != IO && (timeout) == 0)))                                       \
            return real_##name args;                                                                         \
        return call_only_samples(kind, kind != IO && (timeout) == 0) ? sampled_##name args                   \
                                                                     : recorded_##name args;                 \
    }

/* While samples may come, the plain call says whose it is: the handler finds the thread in libc's syscall().
 */
#define UNWRAP(...) __VA_ARGS__
#define PLAIN_CALL(ret, name, args, direct, number)                                                          \
    ({                                                                                                       \
        ret plain_result;                                                                                    \
        if (single_thread()) {                                                                               \
            thread_self.plain_call = (uint64_t)(uintptr_t)real_##name;                                       \
            plain_result = (ret)real_syscall(number, UNWRAP direct);                                         \
            thread_self.plain_call = 0;                                                                      \
        } else {                                                                                             \
            plain_result = real_##name args;                                                                 \
        }                                                                                                    \
        plain_result;                                                                                        \
    })

/* Asked by who made a plain call, which thereby stood where this stands: was it ours that ended it? */
static COLD bool was_cut_here(void)
{
    return errno == EINTR &&
           (uintptr_t)__builtin_dwarf_cfa() - thread_self.interrupted_sp < CALL_FRAMES_BYTES;
}

/* A wait that began before our signals, in a program of one thread: the handler can't tell its number. */
#define DIRECT_CALL(ret, name, args, direct, number, kind)                                                   \
    ({                                                                                                       \
        ret direct_result;                                                                                   \
        if (kind == IO) {                                                                                    \
            direct_result = (ret)real_syscall(number, UNWRAP direct);                                        \
        } else {                                                                                             \
            thread_self.interrupted_sp = 0;                                                                  \
            direct_result = (ret)real_syscall(number, UNWRAP direct);                                        \
            if (UNLIKELY(thread_self.interrupted_sp) && direct_result == (ret)-1 && was_cut_here())          \
                direct_result = sampled_##name args;                                                         \
        }                                                                                                    \
        direct_result;                                                                                       \
    })

#define PLAIN_AS(ret, name, params, args, direct, number, reason, object, kind, timeout, again, rest)        \
    HALVES(ret, name, params, PLAIN_CALL(ret, name, args, direct, number), number, reason, object, kind,     \
           timeout, again, rest)                                                                             \
    EXPORT ret name params                                                                                   \
    {                                                                                                        \
        if (LIKELY(call_is_plain(kind, kind != IO && (timeout) == 0)))                                       \
            return single_thread() ? DIRECT_CALL(ret, name, args, direct, number, kind) : real_##name args;  \
        return call_only_samples(kind, kind != IO && (timeout) == 0) ? sampled_##name args                   \
                                                                     : recorded_##name args;                 \
    }

#define CALL(ret, name, params, args, number, reason, object, kind, timeout, again)                          \
    WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, result)
#define PLAIN_WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, rest)             \
    PLAIN_AS(ret, name, params, args, args, number, reason, object, kind, timeout, again, rest)
#define PLAIN(ret, name, params, args, number, reason, object, kind, timeout, again)                         \
    PLAIN_WHOLE(ret, name, params, args, number, reason, object, kind, timeout, again, result)
#include "hooks/calls.def"
#undef CALL
