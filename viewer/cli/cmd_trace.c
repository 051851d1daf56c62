/* `preflame trace`, internal: what a running process' HTTP endpoint starts to answer ?seconds= of a trace. It
 * records, and writes to standard output one line, "ok" or "error WHY", and the trace in the format asked
 * for. */
#include "viewer/cli/commands.h"
#include "viewer/cli/load.h"
#include "viewer/cli/output.h"
#include "viewer/cli/usage.h"
#include "viewer/formats/format.h"
#include "viewer/session/recording.h"
#include "viewer/session/remove_tree.h"
#include "viewer/session/tar.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SECONDS (366UL * 24 * 3600)

enum { TRACE_PID = 'p', TRACE_TIME = 's', TRACE_FORMAT = 'f' };

static const char help[] = "usage: preflame trace --pid=PID --milliseconds=N [--format=FORMAT]\n"
                           "Internal: records the process for so long and writes `ok` or `error WHY`, a "
                           "newline, and the trace,\n"
                           "as `preflame view` makes it, or with ctf as a tar archive.\n" USAGE_OPTIONS_HELP;

struct trace_command {
    unsigned long pid, milliseconds;
    const struct format *format; /* NULL: the trace itself, as an archive */
    struct recording recording;
    char directory[PATH_MAX];
};

static int fail(const char *why)
{
    printf("error %s\n", why);
    (void)fflush(stdout);
    return EXIT_FAILED;
}

/* Whoever asked has hung up, or the time is over. */
static void wait_for_end(unsigned long milliseconds)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)milliseconds * 1000000;
    struct pollfd reader = {.fd = STDOUT_FILENO};
    for (int64_t left_ns = until_ns - clock_mono_ns(); left_ns > 0; left_ns = until_ns - clock_mono_ns()) {
        int64_t left_ms = (left_ns + 999999) / 1000000;
        int count = poll(&reader, 1, left_ms < 1000 ? (int)left_ms : 1000);
        if (count > 0 && (reader.revents & (POLLERR | POLLNVAL)))
            return;
    }
}

static int convert(const struct trace_command *command, struct bytes *out)
{
    struct load_options options = {
        .kind = VIEW_KIND_ALL, .is_careful = false, .wants_moments = command->format->wants_moments};
    struct format_options format = {.width_px = 1200, .max_boxes = SVG_MAX_BOXES, .max_rows = 20};
    struct loaded loaded;
    loaded_init(&loaded);
    int status = load(&loaded, command->directory, &options);
    loaded.report.title = "trace";
    if (status == EXIT_DONE && command->format->write(&loaded.report, &format, out))
        status = EXIT_FAILED;
    loaded_clear(&loaded);
    return status;
}

static int answer(const struct trace_command *command)
{
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, OUTPUT_MAX_BYTES);
    if (command->format ? convert(command, &out) != EXIT_DONE
                        : tar_folder(command->directory, "trace", &out) != 0)
        return fail(out.error == -EFBIG ? "the trace is too large; ask for fewer seconds"
                                        : "the recorded trace can't be read");
    puts("ok");
    return fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int record_and_convert(struct trace_command *command)
{
    char problem[256] = "no folder for the trace";
    struct recording_result result;
    int status = recording_prepare(&command->recording, command->directory);
    if (!status)
        status = recording_start(&command->recording, (pid_t)command->pid, problem, sizeof(problem));
    if (status)
        return fail(problem);
    wait_for_end(command->milliseconds);
    recording_finish(&command->recording, &result);
    return answer(command);
}

static int run(struct trace_command *command)
{
    const char *base = getenv("TMPDIR");
    snprintf(command->directory, sizeof(command->directory), "%s/preflame-trace-XXXXXX",
             base && *base ? base : "/tmp");
    signal(SIGPIPE, SIG_IGN); /* nobody may listen any more: that must not keep us from clearing up */
    if (!mkdtemp(command->directory))
        return fail(strerror(errno));
    int status = record_and_convert(command);
    remove_tree(command->directory);
    return status;
}

static bool take_format(const char *name, const struct format **ret)
{
    *ret = format_by_name(name);
    return *ret || strcmp(name, "ctf") == 0;
}

int cmd_trace(int argc, char **argv)
{
    static const struct option options[] = {{"pid", required_argument, NULL, TRACE_PID},
                                            {"milliseconds", required_argument, NULL, TRACE_TIME},
                                            {"format", required_argument, NULL, TRACE_FORMAT},
                                            USAGE_LONG_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    struct trace_command command = {.format = format_by_name("gotrace")};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        if (option == TRACE_PID && !usage_number(optarg, 1, INT32_MAX, &command.pid))
            return usage_error("trace", "bad process", optarg);
        if (option == TRACE_TIME && !usage_number(optarg, 1, MAX_SECONDS * 1000, &command.milliseconds))
            return usage_error("trace", "bad time", optarg);
        if (option == '?' || (option == TRACE_FORMAT && !take_format(optarg, &command.format)))
            return usage_bad_option("trace", argv);
    }
    if (!command.pid || !command.milliseconds || optind != argc)
        return usage_error("trace", "give --pid and --milliseconds", NULL);
    return run(&command);
}
