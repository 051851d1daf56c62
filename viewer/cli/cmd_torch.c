/* `preflame torch`: go-torch's job, with its flags. */
#include "viewer/cli/ask.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/profile_path.h"
#include "viewer/cli/show.h"
#include "viewer/cli/usage.h"
#include "viewer/formats/svg_palette.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: preflame torch [OPTIONS] [TARGET]\n"
    "\n"
    "Profile a process and write its flame graph, as go-torch does. TARGET, or what -u gives, is a URL, a "
    "pid, the name\n"
    "of a process, a Unix socket or a file.\n"
    "\n"
    "  -u, --url=URL            where to ask (default: http://localhost:6060)\n"
    "      --suffix=PATH        path of the profile (default: /debug/pprof/profile)\n"
    "  -b, --binaryinput=FILE   a profile from a file instead (`-` is standard input)\n"
    "  -t, --seconds=N          how long to profile (default: 30)\n"
    "  -f, --file=FILE          the output (default: torch.svg)\n"
    "  -p, --print              the picture to standard output instead\n"
    "  -r, --raw                folded stacks to standard output instead\n"
    "      --title=TEXT         heading (default: Flame Graph)\n"
    "      --width=PX           width of the picture, 400 to 10000 (default: 1200)\n"
    "      --colors=PALETTE     hot (the default), mem, io, wakeup, chain, red, green, blue, yellow, purple, "
    "aqua, orange\n"
    "      --hash, --cp         colours by function name, the same in all pictures: always so\n"
    "      --reverse            stacks from the leaf: who calls it\n"
    "      --inverted           root on top\n"
    "  -s, --sample=TYPE        which of the profile's values, as inuse_space\n" USAGE_OPTIONS_HELP;

enum { TORCH_SUFFIX = 0x400, TORCH_COLORS, TORCH_IGNORED };

struct torch {
    const char *target, *suffix;
    unsigned long seconds;
    bool is_printed, is_raw;
    struct show show;
};

static int take(struct torch *torch, int option, const char *value)
{
    switch (option) {
    case 'u':
    case 'b':
        torch->target = value;
        return EXIT_DONE;
    case TORCH_SUFFIX:
        torch->suffix = value;
        return value[0] == '/' ? EXIT_DONE : usage_error("torch", "--suffix begins with a slash, not", value);
    case 't':
        return usage_number(value, 1, PROFILE_SECONDS_MAX, &torch->seconds)
                   ? EXIT_DONE
                   : usage_error("torch", "bad number of seconds", value);
    case 'p':
        torch->is_printed = true;
        return EXIT_DONE;
    case 'r':
        torch->is_raw = true;
        return EXIT_DONE;
    case TORCH_COLORS:
        torch->show.options.colors = value;
        return svg_palette_is_known(value) ? EXIT_DONE : usage_error("torch", "unknown palette", value);
    case TORCH_IGNORED:
        return EXIT_DONE;
    default:
        return show_take(&torch->show, "torch", option == 'f' ? 'o' : option, value) < 0 ? EXIT_USAGE
                                                                                         : EXIT_DONE;
    }
}

static const struct option options[] = {{"url", required_argument, NULL, 'u'},
                                        {"suffix", required_argument, NULL, TORCH_SUFFIX},
                                        {"binaryinput", required_argument, NULL, 'b'},
                                        {"seconds", required_argument, NULL, 't'},
                                        {"file", required_argument, NULL, 'f'},
                                        {"print", no_argument, NULL, 'p'},
                                        {"raw", no_argument, NULL, 'r'},
                                        {"title", required_argument, NULL, SHOW_TITLE},
                                        {"width", required_argument, NULL, SHOW_WIDTH},
                                        {"colors", required_argument, NULL, TORCH_COLORS},
                                        {"hash", no_argument, NULL, TORCH_IGNORED},
                                        {"cp", no_argument, NULL, TORCH_IGNORED},
                                        {"reverse", no_argument, NULL, SHOW_REVERSE},
                                        {"inverted", no_argument, NULL, SHOW_INVERTED},
                                        {"sample", required_argument, NULL, 's'},
                                        USAGE_LONG_OPTIONS,
                                        {NULL, 0, NULL, 0}};

/* A profile in a file, or of a target. */
static int get(const struct torch *torch, struct endpoint *endpoint, struct bytes *body)
{
    char path[PROFILE_PATH_BYTES];
    if (strcmp(torch->target, "-") == 0)
        *endpoint = (struct endpoint){.is_file = true, .name = "-"};
    else if (ask_find(torch->target, endpoint) != EXIT_DONE)
        return EXIT_FAILED;
    if (torch->suffix)
        snprintf(endpoint->path, sizeof(endpoint->path), "%s", torch->suffix);
    unsigned seconds = profile_path(endpoint, "cpu", (unsigned)torch->seconds, path);
    return ask(endpoint, path, "profile", seconds, body);
}

static int draw(struct torch *torch)
{
    static struct endpoint endpoint;
    struct bytes body CLEANUP(bytes_clear);
    bytes_init(&body, ASK_MAX_BYTES);
    struct loaded loaded;
    int status = get(torch, &endpoint, &body);
    loaded_init(&loaded);
    if (status == EXIT_DONE)
        status = load_profile_bytes(&loaded, &body, endpoint.name, &torch->show.load);
    if (status == EXIT_DONE)
        status = show_report(&torch->show, &loaded.report, endpoint.name);
    loaded_clear(&loaded);
    if (status == EXIT_DONE && torch->show.output)
        fprintf(stderr, "preflame: wrote %s\n", torch->show.output);
    return status;
}

int cmd_torch(int argc, char **argv)
{
    struct torch torch = {.target = "http://localhost:6060"};
    int option, status = EXIT_DONE;
    show_init(&torch.show);
    torch.show.title = "Flame Graph";
    torch.show.output = "torch.svg";
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "u:b:t:f:prs:", options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        if (option == '?')
            return usage_bad_option("torch", argv);
        status = take(&torch, option, optarg);
        if (status != EXIT_DONE)
            return status;
    }
    if (optind + 1 < argc)
        return usage_error("torch", "more than one target given:", argv[optind + 1]);
    if (optind < argc)
        torch.target = argv[optind];
    if (torch.is_printed || torch.is_raw)
        torch.show.output = NULL;
    torch.show.format = format_by_name(torch.is_raw ? "folded" : "svg");
    return show_settle(&torch.show, "torch") < 0 ? EXIT_USAGE : draw(&torch);
}
