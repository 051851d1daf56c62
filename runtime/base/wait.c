/* Names of the wait reasons. */
#include "base/wait.h"

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
