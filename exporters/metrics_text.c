/* Lines of the format. */
#include "exporters/metrics_text.h"

#include "base/clock.h"

#include <inttypes.h>

void metrics_begin(struct bytes *out, const char *name, const char *type, const char *help)
{
    bytes_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A backslash, a quote and a line end would end the label's value. */
static void put_value(struct bytes *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            bytes_puts(out, "\\");
        bytes_put(out, *value == '\n' ? "\\n" : value, *value == '\n' ? 2 : 1);
    }
}

void metrics_number(struct bytes *out, const char *name, const char *key, const char *value, uint64_t number)
{
    bytes_puts(out, name);
    if (key) {
        bytes_printf(out, "{%s=\"", key);
        put_value(out, value);
        bytes_puts(out, "\"}");
    }
    bytes_printf(out, " %" PRIu64 "\n", number);
}

void metrics_seconds(struct bytes *out, const char *name, int64_t ns)
{
    int64_t whole = ns < 0 ? 0 : ns;
    bytes_printf(out, "%s %" PRId64 ".%09" PRId64 "\n", name, whole / NS_PER_S, whole % NS_PER_S);
}
