/* Nobody knows what a filter that the program installs will kill: from then on none of our calls is made. */
#include "hooks/seal.h"

#include "hooks/call.h"
#include "hooks/host.h"
#include "hooks/reals.h"
#include "hooks/vfork.h"

#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Others only ask what the kernel can do. */
static bool restricts(long number, long first, long second, long third)
{
    if (number == SYS_seccomp)
        return first == SECCOMP_SET_MODE_FILTER ? third != 0
                                                : first == SECCOMP_SET_MODE_STRICT && !second && !third;
    return number == SYS_prctl && first == PR_SET_SECCOMP &&
           (second == SECCOMP_MODE_STRICT || (second == SECCOMP_MODE_FILTER && third));
}

void seal_before(long number, long first, long second, long third)
{
    if (!restricts(number, first, second, third) || !capture.threads || thread_self.is_internal ||
        vfork_is_child() || process_is_foreign())
        return;
    int error = errno;
    if (!atomic_exchange_explicit(&capture.is_sealed, 1, memory_order_acq_rel))
        TELL_HOST(seal);
    errno = error;
}

EXPORT int prctl(int option, ...)
{
    va_list rest;
    va_start(rest, option);
    unsigned long second = va_arg(rest, unsigned long), third = va_arg(rest, unsigned long);
    unsigned long fourth = va_arg(rest, unsigned long), fifth = va_arg(rest, unsigned long);
    va_end(rest);
    if (UNLIKELY(option == PR_SET_SECCOMP))
        seal_before(SYS_prctl, option, (long)second, (long)third);
    return real_prctl(option, second, third, fourth, fifth);
}
