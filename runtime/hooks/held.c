/* Bounded calls that our signal is kept from: a file system may undo what they did when a signal comes, so
 * that repeating them under a storm would never end. */
#include "hooks/call.h"
#include "hooks/reals.h"
#include "hooks/signals.h"

#define HELD(name, params, args)                                                                             \
    static COLD int held_##name params                                                                       \
    {                                                                                                        \
        uint64_t before;                                                                                     \
        signals_hold(&before);                                                                               \
        int result = real_##name args;                                                                       \
        int error = errno;                                                                                   \
        signals_release(&before);                                                                            \
        errno = error;                                                                                       \
        return result;                                                                                       \
    }                                                                                                        \
    EXPORT int name params                                                                                   \
    {                                                                                                        \
        return LIKELY(!hooks_are_sampled()) ? real_##name args : held_##name args;                           \
    }
HELD(fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
HELD(fallocate64, (int fd, int mode, off64_t at, off64_t size), (fd, mode, at, size))
HELD(posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size))
HELD(posix_fallocate64, (int fd, off64_t at, off64_t size), (fd, at, size))
