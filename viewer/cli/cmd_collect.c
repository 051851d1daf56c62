/* `preflame collect`: profiles of a running process, window by window: kept as files, pushed to a server. */
#include "base/clock.h"
#include "viewer/cli/ask.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/profile_path.h"
#include "viewer/cli/push.h"
#include "viewer/cli/rolling.h"
#include "viewer/cli/usage.h"
#include "viewer/cli/window.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: preflame collect [OPTIONS] TARGET\n"
    "\n"
    "Profiles of each window of time of a process, until it ends: kept as files, pushed to Pyroscope, or "
    "both. "
    "TARGET is\n"
    "a pid, the name of a process (see `preflame ls`), a URL or a Unix socket.\n"
    "\n"
    "  -i, --interval=N      seconds of a window (default: $PREFLAME_INTERVAL, or 15)\n"
    "  -p, --profile=LIST    which (default: cpu,heap,mutex,block)\n"
    "  -o, --output=DIR      keep files there: TYPE.NUMBER.pprof\n"
    "  -k, --keep=N          how many of each (default: 60); older ones are removed\n"
    "      --push=URL        a Pyroscope server (default: $PREFLAME_PUSH); $PREFLAME_PUSH_TOKEN is its "
    "token\n"
    "      --connect         by its Connect API (push.v1.PusherService/Push) instead of /ingest\n"
    "      --name=NAME       what the process is called there (default: its own name)\n"
    "      --process=ID      one of several of that name: put behind the names of files, a label `pid` "
    "there\n"
    "  -n, --windows=N       end after N windows\n" USAGE_OPTIONS_HELP;

#define KINDS_MAX 16

struct kind {
    const char *name;
    struct profile *before; /* all that was counted until the window began; NULL for cpu and wall; owned */
};

struct collect {
    struct endpoint endpoint;
    unsigned long interval, windows, done; /* seconds; how many in all, 0 without end; how many so far */
    struct rolling rolling;
    char behind[32];
    bool is_beside; /* a program started us for itself */
    struct kind kinds[KINDS_MAX];
    size_t kind_count;
    bool is_pushing;
    bool is_broken;  /* it is us who can't go on, and has been said */
    bool is_refused; /* a profile of this window */
    bool is_lacking; /* the last window lacked a profile, which has been said */
    struct push push;
    char why[ASK_WHY_BYTES];
};

static bool is_sampled(const struct kind *kind)
{
    return strcmp(kind->name, "cpu") == 0 || strcmp(kind->name, "wall") == 0;
}

/* Whoever started us has ended, or become another program. */
static bool is_alone(const struct collect *c, int timeout_ms)
{
    struct pollfd input = {.fd = c->is_beside ? STDIN_FILENO : -1, .events = POLLIN};
    return poll(&input, 1, timeout_ms) == 1;
}

static bool may_go_on(void *context, int64_t elapsed_ns)
{
    (void)elapsed_ns;
    return !is_alone(context, 0);
}

static int get(struct collect *c, const struct kind *kind, unsigned seconds, struct profile **ret)
{
    const struct ask_pause pause = {
        .watch_fd = c->is_beside ? STDIN_FILENO : -1, .on_pause = may_go_on, .context = c};
    char path[PROFILE_PATH_BYTES];
    struct endpoint base = c->endpoint;
    base.path[0] = 0;
    unsigned length = profile_path(&base, kind->name, seconds, path);
    struct bytes body CLEANUP(bytes_clear);
    bytes_init(&body, ASK_MAX_BYTES);
    int status = ask_silently(&c->endpoint, path, length, &pause, &body, c->why);
    if (status == EXIT_DONE && profile_decode(body.data, body.len, ASK_MAX_BYTES, ret, NULL) != 0) {
        snprintf(c->why, sizeof(c->why), "'%.200s' sent no profile", c->endpoint.name);
        status = ASK_REFUSED;
    }
    return status;
}

/* The window's profile of a kind that counts all the time; the sums become those of the next window. */
static int cut_window(struct collect *c, struct kind *kind, struct profile *profile)
{
    struct profile *sums = profile_new();
    int error = sums ? profile_merge(sums, profile, 1) : -ENOMEM;
    if (!error)
        error = window_since(kind->before, profile);
    profile_free(kind->before);
    kind->before = sums;
    if (error)
        fprintf(stderr, "preflame: cannot subtract %s profiles: %s\n", kind->name, strerror(-error));
    c->is_broken |= error != 0;
    return error ? EXIT_FAILED : EXIT_DONE;
}

static int collect_one(struct collect *c, struct kind *kind, int64_t start_s)
{
    struct profile *profile CLEANUP(profile_freep) = NULL;
    int status = get(c, kind, is_sampled(kind) ? (unsigned)c->interval : 0, &profile);
    if (status == EXIT_DONE && !is_sampled(kind))
        status = cut_window(c, kind, profile);
    c->is_refused |= status == ASK_REFUSED;
    if (status != EXIT_DONE)
        return status;
    status = rolling_put(&c->rolling, kind->name, profile);
    c->is_broken |= status != EXIT_DONE;
    if (c->is_pushing)
        push_add(&c->push, kind->name, profile, start_s, clock_real_ns() / NS_PER_S);
    return status;
}

static bool is_going_on(int status)
{
    return status == EXIT_DONE || status == ASK_REFUSED;
}

/* What is sampled takes the whole window; where nothing is, or it is refused, the time passes here. */
static int collect_kinds(struct collect *c)
{
    int64_t start_ns = clock_mono_ns(), start_s = clock_real_ns() / NS_PER_S;
    int status = EXIT_DONE;
    for (int sampled = 1; sampled >= 0; sampled--) {
        for (size_t i = 0; i < c->kind_count && is_going_on(status); i++)
            if (is_sampled(&c->kinds[i]) == sampled)
                status = collect_one(c, &c->kinds[i], start_s);
        int64_t left_ns = start_ns + (int64_t)c->interval * NS_PER_S - clock_mono_ns();
        if (sampled && left_ns > 0 && is_going_on(status) && is_alone(c, (int)(left_ns / 1000000)))
            status = ASK_CANCELLED;
    }
    return status;
}

/* What lacks for long is said once. */
static int collect_window(struct collect *c)
{
    c->rolling.number++;
    c->done++;
    c->is_refused = false;
    int status = collect_kinds(c);
    if (c->is_refused && !c->is_lacking)
        fprintf(stderr, "preflame: window %lu lacks a profile: %s\n", c->done, c->why);
    c->is_lacking = c->is_refused;
    push_send(&c->push);
    return status == ASK_REFUSED ? EXIT_DONE : status;
}

static int begin(struct collect *c)
{
    int error = rolling_begin(&c->rolling);
    if (error) {
        fprintf(stderr, "preflame: cannot use '%s': %s; choose another place with -o\n", c->rolling.folder,
                strerror(-error));
        return EXIT_FAILED;
    }
    int status = EXIT_DONE;
    for (size_t i = 0; i < c->kind_count && status == EXIT_DONE; i++)
        if (!is_sampled(&c->kinds[i]))
            status = get(c, &c->kinds[i], 0, &c->kinds[i].before);
    if (status == EXIT_FAILED || status == ASK_REFUSED)
        fprintf(stderr, "preflame: %s\n", c->why);
    return status == ASK_REFUSED ? EXIT_FAILED : status;
}

static void finish(struct collect *c)
{
    c->push.retry_ns = 0;
    push_send(&c->push);
    if (c->push.count || c->push.dropped || c->push.refused)
        fprintf(stderr,
                "preflame: profiles pushed: %" PRIu64 ", dropped: %" PRIu64 ", refused: %" PRIu64 "\n",
                c->push.sent, c->push.dropped + c->push.count, c->push.refused);
    if (c->push.cuts.samples || c->push.cuts.details)
        fprintf(stderr,
                "preflame: too much for Pyroscope: samples left out: %" PRIu64 ", cut short: %" PRIu64 "\n",
                c->push.cuts.samples, c->push.cuts.details);
    push_clear(&c->push);
    for (size_t i = 0; i < c->kind_count; i++)
        profile_free(c->kinds[i].before);
}

/* Ends well with the process that it watches. */
static int collect(struct collect *c)
{
    int status = begin(c);
    while (status == EXIT_DONE && (!c->windows || c->done < c->windows))
        status = collect_window(c);
    bool is_over = status == ASK_CANCELLED ||
                   (status == EXIT_FAILED && (c->done > 1 || is_alone(c, 0)) && !c->is_broken);
    finish(c);
    if (status == EXIT_FAILED && c->done == 1 && !c->is_broken && !is_over)
        fprintf(stderr, "preflame: %s\n", c->why);
    return is_over ? EXIT_DONE : status;
}

static bool take_kinds(struct collect *c, char *list)
{
    char *rest = NULL;
    c->kind_count = 0;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (c->kind_count == KINDS_MAX)
            return false;
        c->kinds[c->kind_count++].name = name;
    }
    return c->kind_count > 0;
}

static int take(struct collect *c, int option, char *value)
{
    bool is_right = true;
    switch (option) {
    case 'i':
        is_right = usage_number(value, 1, 3600, &c->interval);
        break;
    case 'k':
        is_right = usage_number(value, 1, 999999, &c->rolling.keep);
        break;
    case 'n':
        is_right = usage_number(value, 1, 999999, &c->windows);
        break;
    case 'p':
        is_right = take_kinds(c, value);
        break;
    case 'o':
        c->rolling.folder = value;
        break;
    case 'C':
        c->push.is_connect = true;
        break;
    case 'P':
        c->push.url = value;
        break;
    case 'B':
        c->is_beside = true;
        break;
    case 'I':
        c->push.process = value;
        is_right = snprintf(c->behind, sizeof(c->behind), ".%s", value) < (int)sizeof(c->behind);
        break;
    default:
        c->push.name = value;
    }
    return is_right ? EXIT_DONE : usage_error("collect", "bad value", value);
}

int cmd_collect(int argc, char **argv)
{
    static const struct option options[] = {{"interval", required_argument, NULL, 'i'},
                                            {"profile", required_argument, NULL, 'p'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"keep", required_argument, NULL, 'k'},
                                            {"push", required_argument, NULL, 'P'},
                                            {"name", required_argument, NULL, 'N'},
                                            {"connect", no_argument, NULL, 'C'},
                                            {"beside", no_argument, NULL, 'B'},
                                            {"process", required_argument, NULL, 'I'},
                                            {"windows", required_argument, NULL, 'n'},
                                            USAGE_LONG_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    static struct collect c = {.interval = 15, .rolling = {.keep = 60}};
    static char usual[] = "cpu,heap,mutex,block";
    char *interval = getenv("PREFLAME_INTERVAL");
    int option, status = interval ? take(&c, 'i', interval) : EXIT_DONE;
    (void)take_kinds(&c, usual);
    c.push.url = getenv("PREFLAME_PUSH");
    c.push.token = getenv("PREFLAME_PUSH_TOKEN");
    opterr = 0;
    optind = 1;
    while (status == EXIT_DONE && (option = getopt_long(argc, argv, "i:p:o:k:n:", options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        status = option == '?' ? usage_bad_option("collect", argv) : take(&c, option, optarg);
    }
    if (status != EXIT_DONE)
        return status;
    if (optind + 1 != argc)
        return usage_error("collect", optind == argc ? "no target given" : "more than one target given:",
                           optind == argc ? NULL : argv[optind + 1]);
    c.is_pushing = c.push.url && c.push.url[0];
    c.rolling.behind = c.behind;
    if (!c.rolling.folder && !c.is_pushing)
        return usage_error("collect", "nowhere to put profiles: give -o DIR or --push=URL", NULL);
    if (ask_find(argv[optind], &c.endpoint) != EXIT_DONE)
        return EXIT_FAILED;
    if (c.endpoint.is_file)
        return usage_error("collect", "a file has no windows; give a process, not", c.endpoint.name);
    c.push.name = c.push.name ? c.push.name : c.endpoint.name;
    if (c.is_beside) { /* what we say is for the program to say, if it still is there */
        (void)dup2(STDOUT_FILENO, STDERR_FILENO);
        signal(SIGPIPE, SIG_IGN);
    }
    return collect(&c);
}
