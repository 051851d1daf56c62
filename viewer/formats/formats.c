/* The table of outputs. */
#include "viewer/formats/format.h"

#include <string.h>

const struct format formats[] = {
    {"text", ".txt", true, false, false, false, false, true, write_text},
    {"html", ".html .htm", true, true, false, false, false, false, write_html},
    {"folded", ".folded .collapsed", false, false, false, false, true, true, write_folded},
    {"svg", ".svg", false, false, false, false, true, true, write_svg},
    {"pprof", ".pprof .pb.gz", true, false, false, true, false, true, write_pprof},
    {"speedscope", ".speedscope.json", true, false, false, false, true, false, write_speedscope},
    {"chrome", ".chrome.json .trace.json", true, true, true, false, false, false, write_chrome},
    {"gotrace", ".trace .trace.out", true, true, true, false, false, false, write_gotrace},
    {"perfetto", ".perfetto .perfetto-trace .pftrace", true, true, true, false, false, false, write_perfetto},
    {NULL, NULL, false, false, false, false, false, false, NULL},
};

const struct format *format_by_name(const char *name)
{
    for (const struct format *format = formats; format->name; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

/* One of `suffixes` ends the name and is not all of it. */
static bool has_suffix(const char *name, const char *suffixes)
{
    size_t name_len = strlen(name);
    while (*suffixes) {
        size_t len = strcspn(suffixes, " ");
        if (len < name_len && strncmp(name + name_len - len, suffixes, len) == 0)
            return true;
        suffixes += len + (suffixes[len] == ' ');
    }
    return false;
}

const struct format *format_by_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    for (const struct format *format = formats; format->name; format++)
        if (has_suffix(slash ? slash + 1 : path, format->suffixes))
            return format;
    return NULL;
}
