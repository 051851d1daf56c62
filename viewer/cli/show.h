/* What the commands that show a report share: their options, and the step from report to bytes. */
#ifndef PREFLAME_VIEWER_CLI_SHOW_H
#define PREFLAME_VIEWER_CLI_SHOW_H

#include "base/compiler.h"
#include "viewer/cli/load.h"
#include "viewer/formats/format.h"

#include <getopt.h>

struct show {
    const char *output; /* strings as typed, not owned; NULL or "-": standard output */
    const char *title;  /* NULL: the input's name */
    const struct format *format;
    struct load_options load;
    struct format_options options;
};

/* Values of getopt_long for the rows below. */
enum { SHOW_INVERTED = 0x200, SHOW_REVERSE, SHOW_TITLE, SHOW_WIDTH };

#define SHOW_SHORT_OPTIONS "o:f:k:s:n:"
/* clang-format off */
#define SHOW_LONG_OPTIONS                                 \
    {"output", required_argument, NULL, 'o'},             \
    {"format", required_argument, NULL, 'f'},             \
    {"kind", required_argument, NULL, 'k'},               \
    {"sample", required_argument, NULL, 's'},             \
    {"sample-type", required_argument, NULL, 's'},        \
    {"rows", required_argument, NULL, 'n'},               \
    {"inverted", no_argument, NULL, SHOW_INVERTED},       \
    {"reverse", no_argument, NULL, SHOW_REVERSE},         \
    {"title", required_argument, NULL, SHOW_TITLE},       \
    {"width", required_argument, NULL, SHOW_WIDTH}
/* clang-format on */

#define SHOW_OPTIONS_HELP                                                                                    \
    "  -o, --output=FILE     write to FILE (default: standard output)\n"                                     \
    "  -f, --format=FORMAT   html, text, folded, svg, pprof, speedscope, chrome, perfetto or gotrace\n"      \
    "                        (default: by the ending of FILE; without one, text)\n"                          \
    "  -k, --kind=KIND       of a trace: oncpu, offcpu or all (default: oncpu; for text and html all);\n"    \
    "                        net, sync, syscall or sched, as of `go tool trace`; wakeup\n"                   \
    "  -s, --sample=TYPE     of a profile: which of its values, as inuse_space\n"                            \
    "                        (default: the profile's own choice)\n"                                          \
    "      --reverse         stacks from the leaf: who calls it (svg, folded, speedscope)\n"                 \
    "      --inverted        root on top (svg)\n"                                                            \
    "      --title=TEXT      heading\n"                                                                      \
    "      --width=PX        width of the image, 400 to 10000 (default 1200)\n"                              \
    "  -n, --rows=N          lines of each table of a text (default 20)\n"

/* Starts with the defaults. */
void show_init(struct show *show);
/* Takes one option of SHOW_LONG_OPTIONS. 0; -ENOENT when it is none of them; -EINVAL for a wrong value, after
 * one line on stderr that names `command`. */
int show_take(struct show *show, const char *command, int option, const char *value) MUST_USE;
/* Once all options are taken: chooses what was left open. 0, or -EINVAL when they do not go together, after
 * one line on stderr. */
int show_settle(struct show *show, const char *command) MUST_USE;
/* Makes and delivers the output. `input` names it when there is no title. An exit status. */
int show_report(const struct show *show, struct report *report, const char *input) MUST_USE;

#endif
