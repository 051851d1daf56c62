/* `preflame trace`, internal: what a running process starts to have itself recorded, or a flight recorder
 * dumped. It answers by one line on standard output, "ok" or "error NUMBER WHY", and what was asked for. */
#include "viewer/cli/commands.h"
#include "viewer/cli/load.h"
#include "viewer/cli/output.h"
#include "viewer/cli/usage.h"
#include "viewer/formats/format.h"
#include "viewer/session/flight.h"
#include "viewer/session/recording.h"
#include "viewer/session/remove_tree.h"
#include "viewer/session/tar.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MAX_SECONDS (366UL * 24 * 3600)

enum { TRACE_PID = 'p', TRACE_TIME = 's', TRACE_FORMAT = 'f', TRACE_OUTPUT = 'o', TRACE_DUMP = 'd' };

static const char help[] =
    "usage: preflame trace --pid=PID --milliseconds=N [--format=FORMAT]\n"
    "       preflame trace --pid=PID --output=DIR\n"
    "       preflame trace --pid=PID --dump\n"
    "Internal: writes `ok` or `error NUMBER WHY`, and a newline. Records the process for so long, and writes "
    "the trace, as\n"
    "`preflame view` makes it, or with ctf as a tar archive; or records it into a folder until SIGTERM, and "
    "writes `ok` again\n"
    "and how many events it has and lost; or has the flight recorders of the process write what they keep, "
    "and writes where.\n" USAGE_OPTIONS_HELP;

struct trace_command {
    unsigned long pid, milliseconds;
    const struct format *format; /* NULL: the trace itself, as an archive */
    const char *output;          /* the trace's folder; NULL: one that is removed again */
    bool is_dump;
    struct recording recording;
    char directory[PATH_MAX];
};

static int fail(int error, const char *why)
{
    printf("error %d %s\n", -error, why);
    (void)fflush(stdout);
    return EXIT_FAILED;
}

/* Whoever asked has hung up or had enough, or the time is over; 0: there is no such time. */
static void wait_for_end(unsigned long milliseconds, int signal_fd)
{
    int64_t until_ns = milliseconds ? clock_mono_ns() + (int64_t)milliseconds * 1000000 : INT64_MAX;
    struct pollfd ends[] = {{.fd = STDOUT_FILENO}, {.fd = signal_fd, .events = POLLIN}};
    for (int64_t left_ns = until_ns - clock_mono_ns(); left_ns > 0; left_ns = until_ns - clock_mono_ns()) {
        int64_t left_ms = (left_ns + 999999) / 1000000;
        int count = poll(ends, 2, left_ms < 1000 ? (int)left_ms : 1000);
        if (count > 0 && ((ends[0].revents & (POLLERR | POLLNVAL)) || ends[1].revents))
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
        return out.error == -EFBIG ? fail(-EFBIG, "the trace is too large; ask for fewer seconds")
                                   : fail(-EIO, "the recorded trace can't be read");
    puts("ok");
    return fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int start(struct trace_command *command, const char *directory)
{
    char problem[256] = "";
    int error = recording_prepare(&command->recording, directory);
    if (!error)
        error = recording_start(&command->recording, (pid_t)command->pid, problem, sizeof(problem));
    if (error)
        fail(error, problem[0] ? problem : strerror(-error));
    return error;
}

static int record_into(struct trace_command *command, int signal_fd)
{
    struct recording_result result;
    if (start(command, command->output))
        return EXIT_FAILED;
    puts("ok");
    (void)fflush(stdout);
    wait_for_end(0, signal_fd);
    recording_finish(&command->recording, &result);
    if (!result.is_complete)
        return fail(-EIO, "lttng-sessiond did not finish the trace in time");
    printf("ok\n%" PRIu64 " %" PRIu64 "\n", result.events, result.lost);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int record_and_convert(struct trace_command *command, int signal_fd)
{
    struct recording_result result;
    if (start(command, command->directory))
        return EXIT_FAILED;
    wait_for_end(command->milliseconds, signal_fd);
    recording_finish(&command->recording, &result);
    return answer(command);
}

static int record_for_a_time(struct trace_command *command, int signal_fd)
{
    const char *base = getenv("TMPDIR");
    snprintf(command->directory, sizeof(command->directory), "%s/preflame-trace-XXXXXX",
             base && *base ? base : "/tmp");
    if (!mkdtemp(command->directory))
        return fail(-errno, strerror(errno));
    int status = record_and_convert(command, signal_fd);
    remove_tree(command->directory);
    return status;
}

static int dump(const struct trace_command *command)
{
    struct flights flights;
    char folders[FLIGHTS_MAX][PATH_MAX];
    int64_t now_ns = clock_mono_ns();
    int error = flights_find((pid_t)command->pid, &flights);
    if (error)
        return fail(error, "lttng-sessiond does not answer");
    if (!flights.count)
        return fail(-ENOENT, "no flight recorder keeps what this process does; start one with `preflame "
                             "record --flight`");
    for (unsigned i = 0; i < flights.count && !error; i++)
        error = flight_dump(flights.names[i], now_ns, folders[i]);
    if (error)
        return fail(error, "lttng-sessiond did not write the dump; is there room for it?");
    puts("ok");
    for (unsigned i = 0; i < flights.count; i++)
        puts(folders[i]);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int run(struct trace_command *command)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    signal(SIGPIPE, SIG_IGN); /* nobody may listen any more: that must not keep us from clearing up */
    if (command->is_dump)
        return dump(command);
    int signal_fd = signalfd(-1, &ending, SFD_CLOEXEC);
    return command->output ? record_into(command, signal_fd) : record_for_a_time(command, signal_fd);
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
                                            {"output", required_argument, NULL, TRACE_OUTPUT},
                                            {"dump", no_argument, NULL, TRACE_DUMP},
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
        command.output = option == TRACE_OUTPUT ? optarg : command.output;
        command.is_dump |= option == TRACE_DUMP;
    }
    if (!command.pid || !(command.milliseconds || command.output || command.is_dump) || optind != argc)
        return usage_error("trace", "give --pid, and --milliseconds, --output or --dump", NULL);
    return run(&command);
}
