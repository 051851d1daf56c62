/* Options of an output, and making it. */
#include "viewer/cli/show.h"

#include "viewer/cli/commands.h"
#include "viewer/cli/output.h"
#include "viewer/cli/usage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void show_init(struct show *show)
{
    *show = (struct show){.options = {.width_px = 1200, .max_boxes = SVG_MAX_BOXES, .max_rows = 20}};
}

static bool parse_kind(const char *text, enum view_kind *ret)
{
    static const char *const names[VIEW_KIND_COUNT] = {
        [VIEW_KIND_ONCPU] = "oncpu",
        [VIEW_KIND_OFFCPU] = "offcpu",
        [VIEW_KIND_ALL] = "all",
        [VIEW_KIND_DERIVED + DERIVED_NET] = "net",
        [VIEW_KIND_DERIVED + DERIVED_SYNC] = "sync",
        [VIEW_KIND_DERIVED + DERIVED_SYSCALL] = "syscall",
        [VIEW_KIND_DERIVED + DERIVED_SCHED] = "sched",
        [VIEW_KIND_DERIVED + DERIVED_WAKEUP] = "wakeup",
    };
    for (size_t i = VIEW_KIND_ONCPU; i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *ret = (enum view_kind)i;
            return true;
        }
    }
    return false;
}

static int wrong(const char *command, const char *problem, const char *value)
{
    usage_error(command, problem, value);
    return -EINVAL;
}

int show_take(struct show *show, const char *command, int option, const char *value)
{
    unsigned long number;
    switch (option) {
    case 'o':
        show->output = value;
        return 0;
    case 'f':
        show->format = format_by_name(value);
        return show->format ? 0 : wrong(command, "unknown format", value);
    case 'k':
        return parse_kind(value, &show->load.kind) ? 0 : wrong(command, "unknown kind", value);
    case 's':
        show->load.sample_type = value;
        return 0;
    case 'n':
        if (!usage_number(value, 1, 1000000, &number))
            return wrong(command, "bad number of rows", value);
        show->options.max_rows = number;
        return 0;
    case SHOW_WIDTH:
        if (!usage_number(value, 400, 10000, &number))
            return wrong(command, "bad width", value);
        show->options.width_px = (unsigned)number;
        return 0;
    case SHOW_TITLE:
        show->title = value;
        return 0;
    case SHOW_INVERTED:
        show->options.is_inverted = true;
        return 0;
    case SHOW_REVERSE:
        show->load.is_reversed = true;
        return 0;
    default:
        return -ENOENT;
    }
}

/* Of what it is asked to be, not of a folder in its path. */
static bool has_ending(const char *path)
{
    const char *name = path ? strrchr(path, '/') : NULL;
    return path && strchr(name ? name : path, '.');
}

int show_settle(struct show *show, const char *command)
{
    if (!show->format)
        show->format = show->output ? format_by_path(show->output) : NULL;
    if (!show->format && has_ending(show->output))
        return wrong(command, "no format has the ending of", show->output);
    if (!show->format)
        show->format = format_by_name("text");
    if (show->load.kind == VIEW_KIND_DEFAULT)
        show->load.kind = show->format->wants_all ? VIEW_KIND_ALL : VIEW_KIND_ONCPU;
    if (show->format->wants_moments && !show->format->is_of_traces && show->load.kind >= VIEW_KIND_DERIVED)
        return wrong(command, "--kind of waits alone means nothing to the format", show->format->name);
    show->load.wants_moments = show->format->wants_moments;
    show->load.wants_counts = show->format->wants_counts;
    if (show->load.is_reversed && !show->format->can_reverse)
        return wrong(command, "--reverse means nothing to the format", show->format->name);
    return 0;
}

int show_report(const struct show *show, struct report *report, const char *input)
{
    report->title = show->title ? show->title : input;
    if (show->format->is_of_traces && !report->trace) {
        fprintf(stderr,
                "preflame: %s shows time as it passed, which the profile '%s' doesn't know; give the trace "
                "folder that "
                "`preflame record` wrote\n",
                show->format->name, input);
        return EXIT_FAILED;
    }
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, OUTPUT_MAX_BYTES);
    int error = show->format->write(report, &show->options, &out);
    if (error) {
        fprintf(stderr, "preflame: cannot make %s of '%s': %s\n", show->format->name, input,
                strerror(-error));
        return EXIT_FAILED;
    }
    return output_write(show->output, &out);
}
