/* Calls that close descriptors: a trace provider's stay open, and the program, which never opened them, finds
 * nothing there. */
#include "base/sink.h"
#include "hooks/call.h"
#include "hooks/reals.h"
#include "hooks/single.h"

#include <limits.h>
#include <stdio.h>

#define CLOSED_ONE_BY_ONE 65536

/* The provider whose descriptors the calling thread must leave alone, or NULL. */
static const struct sink *guarded_sink(void)
{
    if (!call_is_watched())
        return NULL;
    return atomic_load_explicit(&capture.sink, memory_order_acquire);
}

static COLD bool is_guarded(int fd)
{
    const struct sink *sink = guarded_sink();
    return sink && fd >= 0 && sink->next_descriptor((unsigned)fd) == (unsigned)fd;
}

EXPORT int close(int fd)
{
    if (UNLIKELY(hooks_are_traced()) && is_guarded(fd)) {
        errno = EBADF;
        return -1;
    }
    return !hooks_are_sampled() && single_thread() ? (int)real_syscall(SYS_close, fd) : real_close(fd);
}

EXPORT int fclose(FILE *stream)
{
    if (UNLIKELY(hooks_are_traced())) {
        int error = errno;
        if (is_guarded(fileno(stream))) { /* of a stream whose descriptor was closed behind its back */
            errno = EBADF;
            return EOF;
        }
        errno = error;
    }
    return real_fclose(stream);
}

/* The range without the provider's. */
static COLD int close_others(const struct sink *sink, unsigned first, unsigned last, int flags)
{
    for (unsigned at = first;;) {
        unsigned own = sink->next_descriptor(at);
        if (own > last)
            return real_close_range(at, last, flags);
        if (own > at && real_close_range(at, own - 1, flags) != 0)
            return -1;
        if (own == last)
            return 0;
        at = own + 1;
    }
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    const struct sink *sink = UNLIKELY(hooks_are_traced()) ? guarded_sink() : NULL;
    return !sink || first > last ? real_close_range(first, last, flags)
                                 : close_others(sink, first, last, flags);
}

EXPORT void closefrom(int first)
{
    const struct sink *sink = UNLIKELY(hooks_are_traced()) ? guarded_sink() : NULL;
    if (!sink) {
        real_closefrom(first);
        return;
    }
    unsigned low = first > 0 ? (unsigned)first : 0;
    if (close_others(sink, low, UINT_MAX, 0) == 0)
        return;
    for (unsigned fd = low; fd < CLOSED_ONE_BY_ONE; fd++) { /* a kernel without close_range */
        if (sink->next_descriptor(fd) != fd)
            syscall(SYS_close, fd);
    }
}

/* Neither can have the number. EBUSY is what dup2 may say of a number that another thread is about to use. */
static COLD int refuse_copy(int from)
{
    if (fcntl(from, F_GETFD) != -1)
        errno = EBUSY;
    return -1;
}

EXPORT int dup2(int from, int to)
{
    return UNLIKELY(hooks_are_traced()) && is_guarded(to) ? refuse_copy(from) : real_dup2(from, to);
}

EXPORT int dup3(int from, int to, int flags)
{
    return UNLIKELY(hooks_are_traced()) && is_guarded(to) ? refuse_copy(from) : real_dup3(from, to, flags);
}
