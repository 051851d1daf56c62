/* The interposed calls of calls.def: one template. */
#include "base/clock.h"
#include "hooks/call.h"
#include "hooks/ends.h"
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
static inline void sampled_begin(struct call *call, enum call_kind kind, int64_t timeout_ns)
{
    call_watch(call);
    if (kind == IO)
        return;
    call->timeout_ns = timeout_ns;
    call->start_ns = timeout_ns > 0 ? clock_mono_ns() : 0;
}

/* Our signal came. I/O that has a timeout, as its socket may, has waited since the first signal then, not
 * since its begin: to read a clock for every call would cost more than all samples. */
static COLD void sampled_cut(struct call *call, enum call_kind kind, int64_t timeout_ns)
{
    if (kind != IO)
        return;
    call->timeout_ns = timeout_ns;
    call->start_ns = clock_mono_ns();
}

/* The halves of a hook that run while samples are taken, and nothing else; and while anything is recorded. */
#define HALVES(ret, name, params, real_call, number, reason, object, kind, timeout, again, rest)             \
    ret name params;                                                                                         \
    static __attribute__((noinline)) ret sampled_##name params                                               \
    {                                                                                                        \
        struct call call;                                                                                    \
        ret result;                                                                                          \
        sampled_begin(&call, kind, timeout);                                                                 \
        result = real_call;                                                                                  \
        if (LIKELY(!thread_self.interrupted_sp))                                                             \
            return result;                                                                                   \
        sampled_cut(&call, kind, timeout);                                                                   \
        while (result == (ret)-1 && call_was_ours(&call) && (again))                                         \
            result = real_call;                                                                              \
        return thread_self.interrupted_sp ? (rest) : result;                                                 \
    }                                                                                                        \
    static __attribute__((noinline)) ret recorded_##name params                                              \
    {                                                                                                        \
        struct call call;                                                                                    \
        ret result;                                                                                          \
        call_begin(&call, reason, (uint64_t)(object), kind, timeout, PLACE_HERE);                            \
        do {                                                                                                 \
            result = real_call;                                                                              \
        } while (UNLIKELY(thread_self.interrupted_sp) && result == (ret)-1 && call_was_ours(&call) &&        \
                 (again));                                                                                   \
        result = UNLIKELY(thread_self.interrupted_sp) ? (rest) : result;                                     \
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

/* The plain call in a program of one thread. If it waits, it may have begun before our signals, and the
 * handler can't tell its number. */
#define DIRECT(ret, name, params, args, direct, number)                                                      \
    static __attribute__((noinline, unused)) ret direct_##name params                                        \
    {                                                                                                        \
        thread_self.interrupted_sp = 0;                                                                      \
        ret result = (ret)real_syscall(number, UNWRAP direct);                                               \
        if (LIKELY(!thread_self.interrupted_sp) || result != (ret)-1 || !was_cut_here())                     \
            return result;                                                                                   \
        return sampled_##name args;                                                                          \
    }

#define PLAIN_AS(ret, name, params, args, direct, number, reason, object, kind, timeout, again, rest)        \
    HALVES(ret, name, params, PLAIN_CALL(ret, name, args, direct, number), number, reason, object, kind,     \
           timeout, again, rest)                                                                             \
    DIRECT(ret, name, params, args, direct, number)                                                          \
    EXPORT ret name params                                                                                   \
    {                                                                                                        \
        if (LIKELY(call_is_plain(kind, kind != IO && (timeout) == 0)))                                       \
            return !single_thread() ? real_##name args                                                       \
                   : kind == IO     ? (ret)real_syscall(number, UNWRAP direct)                               \
                                    : direct_##name args;                                                        \
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
