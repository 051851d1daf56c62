/* `preflame view`: a trace or a profile in, a picture or a text out. */
#include "base/atomic_file.h"
#include "viewer/cli/attempt.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/load.h"
#include "viewer/formats/format.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OUTPUT_MAX_BYTES ((size_t)1 << 30)

static const char help[] =
    "usage: preflame view [OPTIONS] TRACE|PROFILE\n"
    "\n"
    "TRACE is a folder that `preflame record` or LTTng wrote, PROFILE a .pprof file (`-` is standard "
    "input).\n"
    "\n"
    "  -o, --output=FILE     write to FILE (default: standard output)\n"
    "  -f, --format=FORMAT   svg, folded or text (default: by the ending of FILE; without one, text)\n"
    "  -k, --kind=KIND       of a trace: oncpu, offcpu or all (default: oncpu; for text all)\n"
    "  -s, --sample-type=T   of a profile: which of its values (default: the profile's own choice)\n"
    "      --inverted        root on top (svg)\n"
    "      --title=TEXT      heading\n"
    "      --width=PX        width of the image, 400 to 10000 (default 1200)\n"
    "  -n, --rows=N          lines of each table of a text (default 20)\n"
    "      --help            show this\n";

struct view {
    const char *input, *output, *title, *sample_type;
    const struct format *format;
    enum view_kind kind;
    struct format_options options;
    bool is_help;
    bool is_trace;
    bool is_careful;
};

static int usage(const char *problem, const char *value)
{
    fprintf(stderr, "preflame: %s%s%s; try `preflame view --help`\n", problem, value ? " " : "",
            value ? value : "");
    return EXIT_USAGE;
}

static bool parse_number(const char *text, unsigned long min, unsigned long max, unsigned long *ret)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || number < min || number > max)
        return false;
    *ret = number;
    return true;
}

static bool parse_kind(const char *text, enum view_kind *ret)
{
    static const char *const names[] = {
        [VIEW_KIND_ONCPU] = "oncpu", [VIEW_KIND_OFFCPU] = "offcpu", [VIEW_KIND_ALL] = "all"};
    for (size_t i = VIEW_KIND_ONCPU; i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *ret = (enum view_kind)i;
            return true;
        }
    }
    return false;
}

enum { OPTION_HELP = 256, OPTION_INVERTED, OPTION_TITLE, OPTION_WIDTH };

static int take_option(struct view *view, int option, const char *value)
{
    unsigned long number;
    switch (option) {
    case 'o':
        view->output = value;
        return 0;
    case 'f':
        view->format = format_by_name(value);
        return view->format ? 0 : usage("unknown format", value);
    case 'k':
        return parse_kind(value, &view->kind) ? 0 : usage("unknown kind", value);
    case 's':
        view->sample_type = value;
        return 0;
    case 'n':
        if (!parse_number(value, 1, 1000000, &number))
            return usage("bad number of rows", value);
        view->options.max_rows = number;
        return 0;
    case OPTION_WIDTH:
        if (!parse_number(value, 400, 10000, &number))
            return usage("bad width", value);
        view->options.width_px = (unsigned)number;
        return 0;
    case OPTION_TITLE:
        view->title = value;
        return 0;
    case OPTION_INVERTED:
        view->options.is_inverted = true;
        return 0;
    case OPTION_HELP:
        view->is_help = true;
        return 0;
    default:
        return usage("unknown option, or one without its value:", value);
    }
}

/* Of what it is asked to be, not of a folder in its path. */
static bool has_ending(const char *path)
{
    const char *name = path ? strrchr(path, '/') : NULL;
    return path && strchr(name ? name : path, '.');
}

static int parse(struct view *view, int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},         {"format", required_argument, NULL, 'f'},
        {"kind", required_argument, NULL, 'k'},           {"sample-type", required_argument, NULL, 's'},
        {"rows", required_argument, NULL, 'n'},           {"inverted", no_argument, NULL, OPTION_INVERTED},
        {"title", required_argument, NULL, OPTION_TITLE}, {"width", required_argument, NULL, OPTION_WIDTH},
        {"help", no_argument, NULL, OPTION_HELP},         {NULL, 0, NULL, 0}};
    opterr = 0;
    optind = 1;
    int option;
    while ((option = getopt_long(argc, argv, "o:f:k:s:n:", options, NULL)) != -1) {
        int status = take_option(view, option, option == '?' ? argv[optind - 1] : optarg);
        if (status)
            return status;
    }
    if (view->is_help)
        return 0;
    if (optind == argc)
        return usage("no trace or profile given", NULL);
    if (optind + 1 < argc)
        return usage("more than one trace or profile given:", argv[optind + 1]);
    view->input = argv[optind];
    if (!view->format)
        view->format = view->output ? format_by_path(view->output) : NULL;
    if (!view->format && has_ending(view->output))
        return usage("no format has the ending of", view->output);
    if (!view->format)
        view->format = format_by_name("text");
    if (view->kind == VIEW_KIND_DEFAULT)
        view->kind = view->format->wants_all ? VIEW_KIND_ALL : VIEW_KIND_ONCPU;
    return 0;
}

static int deliver(const struct view *view, const struct bytes *out)
{
    if (view->output && strcmp(view->output, "-") != 0) {
        int error = atomic_file_write(view->output, out->data, out->len, false);
        if (!error)
            return EXIT_DONE;
        fprintf(stderr, "preflame: cannot write '%s': %s; choose another place with -o\n", view->output,
                strerror(-error));
        return EXIT_FAILED;
    }
    if (fwrite(out->data, 1, out->len, stdout) == out->len && fflush(stdout) == 0)
        return EXIT_DONE;
    fputs("preflame: could not write to standard output; use -o FILE\n", stderr);
    return EXIT_FAILED;
}

static int show(const struct view *view, struct loaded *loaded)
{
    int status = view->is_trace ? load_trace(loaded, view->input, view->is_careful, view->kind)
                                : load_profile(loaded, view->input, view->sample_type);
    if (status)
        return status;
    loaded->report.title = view->title ? view->title : view->input;
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, OUTPUT_MAX_BYTES);
    int error = view->format->write(&loaded->report, &view->options, &out);
    if (error) {
        fprintf(stderr, "preflame: cannot make %s of '%s': %s\n", view->format->name, view->input,
                strerror(-error));
        return EXIT_FAILED;
    }
    return deliver(view, &out);
}

static int load_and_show(void *context)
{
    struct loaded loaded;
    loaded_init(&loaded);
    int status = show(context, &loaded);
    loaded_clear(&loaded);
    return status;
}

/* Babeltrace aborts on some damaged streams. Then all is read again, each stream tried by itself first. */
static int show_trace(struct view *view)
{
    bool is_aborted;
    int status = attempt(load_and_show, view, &is_aborted);
    if (!is_aborted)
        return status;
    view->is_careful = true;
    return load_and_show(view);
}

int cmd_view(int argc, char **argv)
{
    struct view view = {.options = {.width_px = 1200, .max_boxes = SVG_MAX_BOXES, .max_rows = 20}};
    int status = parse(&view, argc, argv);
    if (status)
        return status;
    if (view.is_help) {
        fputs(help, stdout);
        return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
    }
    struct stat about;
    view.is_trace = strcmp(view.input, "-") != 0 && stat(view.input, &about) == 0 && S_ISDIR(about.st_mode);
    return view.is_trace ? show_trace(&view) : load_and_show(&view);
}
