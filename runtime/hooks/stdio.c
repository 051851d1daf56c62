/* The locks inside stdio. libc takes a stream's lock where no hook sees it; so the calls that move more than
 * a character take it first, by a try, and wait for it here, where it is seen; libc's own locking then nests.
 */
#include "hooks/locks.h"
#include "hooks/reals.h"
#include "hooks/single.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>

static COLD void wait_stream(FILE *stream)
{
    struct lock_call call CLEANUP(lock_call_left);
    lock_call_begin(&call, WAIT_STDIO, stream, true, -1, PLACE_HERE);
    flockfile(stream);
    lock_call_end(&call, 0);
}

/* The stream if its lock was taken, to be given back, or NULL: nobody to wait for, nobody who looks, or a
 * stream whose locking is the program's own business. */
static FILE *lock_stream(FILE *stream)
{
    if (single_thread() || !hooks_watch_locks() || !stream || thread_self.guard ||
        __fsetlocking(stream, FSETLOCKING_QUERY) == FSETLOCKING_BYCALLER)
        return NULL;
    if (UNLIKELY(ftrylockfile(stream) != 0))
        wait_stream(stream);
    return stream;
}

/* For CLEANUP, so that cancellation inside the call gives the lock back too. */
static void unlock_stream(FILE **stream)
{
    if (!*stream)
        return;
    int error = errno;
    locks_release_waited(WAIT_STDIO, *stream, true);
    funlockfile(*stream);
    errno = error;
}

#define STREAM_CALL(ret, name, params, args, stream)                                                         \
    EXPORT ret name params;                                                                                  \
    ret name params                                                                                          \
    {                                                                                                        \
        FILE *locked CLEANUP(unlock_stream) = lock_stream(stream);                                           \
        return real_##name args;                                                                             \
    }
#include "hooks/stdio.def"
#undef STREAM_CALL

/* Those with arguments of their own number go by way of their v- forms. */
#define VARIADIC(name, params, last, stream, real_call)                                                      \
    EXPORT int name params;                                                                                  \
    int name params                                                                                          \
    {                                                                                                        \
        va_list list;                                                                                        \
        va_start(list, last);                                                                                \
        FILE *locked CLEANUP(unlock_stream) = lock_stream(stream);                                           \
        int result = real_call;                                                                              \
        va_end(list);                                                                                        \
        return result;                                                                                       \
    }

VARIADIC(printf, (const char *format, ...), format, stdout, real_vfprintf(stdout, format, list))
VARIADIC(fprintf, (FILE * stream, const char *format, ...), format, stream,
         real_vfprintf(stream, format, list))
VARIADIC(__printf_chk, (int flag, const char *format, ...), format, stdout,
         real___vfprintf_chk(stdout, flag, format, list))
VARIADIC(__fprintf_chk, (FILE * stream, int flag, const char *format, ...), format, stream,
         real___vfprintf_chk(stream, flag, format, list))
