/* Names of the wait reasons. */
#include "base/wait.h"

#include <sys/stat.h>

const char *wait_reason_name(unsigned reason)
{
    switch (reason) {
#define WAIT_REASON_CASE(symbol, value, name)                                                                \
    case value:                                                                                              \
        return name;
        WAIT_REASONS(WAIT_REASON_CASE)
#undef WAIT_REASON_CASE
    default:
        return "other";
    }
}

unsigned wait_reason_by_mode(unsigned reason, unsigned mode)
{
    if (reason != WAIT_READS && reason != WAIT_WRITES)
        return reason;
    if (S_ISSOCK(mode))
        return reason == WAIT_READS ? WAIT_NET_READ : WAIT_NET_WRITE;
    /* eventfd, timerfd and their like have no type: threads wake each other through them as through pipes. */
    return S_ISFIFO(mode) || !(mode & S_IFMT) ? WAIT_PIPE : WAIT_FILE_IO;
}
