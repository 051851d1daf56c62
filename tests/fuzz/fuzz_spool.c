/* Any bytes as a spool: profiles lie within it, in order, and nothing crashes. */
#include "exporters/spool.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct visit {
    const uint8_t *at, *end;
};

static int look(void *context, const char *name, const void *profile, size_t len)
{
    struct visit *visit = context;
    const uint8_t *start = profile;
    if (!name[0] || strlen(name) > SPOOL_NAME_MAX || start < visit->at || start > visit->end ||
        len > (size_t)(visit->end - start))
        __builtin_trap();
    visit->at = start + len;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct visit visit = {data, data + size};
    if (spool_each(data, size, look, &visit) > 0)
        __builtin_trap();
    return 0;
}
