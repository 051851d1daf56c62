/* Numbers with units. */
#include "viewer/formats/value.h"

#include "base/compiler.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct scale {
    double size;
    const char *suffix;
};

/* The largest scale that leaves at least one whole unit. */
static const char *scaled(double value, const struct scale *scales, size_t count, char *ret)
{
    double magnitude = value < 0 ? -value : value;
    size_t best = count - 1;
    while (best > 0 && magnitude < scales[best].size)
        best--;
    if (best == 0)
        snprintf(ret, VALUE_TEXT_SIZE, "%.0f %s", value, scales[0].suffix);
    else
        snprintf(ret, VALUE_TEXT_SIZE, "%.2f %s", value / scales[best].size, scales[best].suffix);
    return ret;
}

const char *value_text(int64_t value, const char *unit, char *ret)
{
    static const struct scale times[] = {{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}};
    static const struct scale sizes[] = {
        {1, "B"}, {1024, "KiB"}, {1048576, "MiB"}, {1073741824, "GiB"}, {1099511627776, "TiB"}};
    if (strcmp(unit, "nanoseconds") == 0)
        return scaled((double)value, times, ARRAY_SIZE(times), ret);
    if (strcmp(unit, "bytes") == 0)
        return scaled((double)value, sizes, ARRAY_SIZE(sizes), ret);
    bool is_plain = !*unit || strcmp(unit, "count") == 0 || strcmp(unit, "id") == 0;
    snprintf(ret, VALUE_TEXT_SIZE, "%" PRId64 "%s%.32s", value, is_plain ? "" : " ", is_plain ? "" : unit);
    return ret;
}

int value_width(int columns, const char *text)
{
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) == 0x80;
    return columns;
}

double percent_of(int64_t part, int64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}
