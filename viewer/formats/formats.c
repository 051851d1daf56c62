/* The table of outputs. */
#include "viewer/formats/format.h"

#include <string.h>

const struct format formats[] = {
    {"text", "", true, write_text},
    {"folded", ".folded .collapsed .txt", false, write_folded},
    {"svg", ".svg", false, write_svg},
    {NULL, NULL, false, NULL},
};

const struct format *format_by_name(const char *name)
{
    for (const struct format *format = formats; format->name; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

static bool has_suffix(const char *suffixes, const char *ending)
{
    size_t len = strlen(ending);
    for (const char *at = suffixes; (at = strstr(at, ending)); at++)
        if (at[len] == 0 || at[len] == ' ')
            return true;
    return false;
}

const struct format *format_by_path(const char *path)
{
    const char *ending = strrchr(path, '.');
    if (!ending || strchr(ending, '/') || !ending[1])
        return NULL;
    for (const struct format *format = formats; format->name; format++)
        if (has_suffix(format->suffixes, ending))
            return format;
    return NULL;
}
