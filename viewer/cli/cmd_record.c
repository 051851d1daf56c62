/* `preflame record`: runs a command under the preload while an LTTng session writes its trace to a folder. */
#include "base/clock.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/preload_env.h"
#include "viewer/cli/record.h"
#include "viewer/session/recording.h"
#include "viewer/session/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a program's start may wait for a session daemon; LTTng's own default is 3 s. */
#define REGISTER_TIMEOUT_MS "500"
#define MAX_SECONDS 86400
#define FLIGHT_BYTES (UINT64_C(32) << 20)
#define FLIGHT_MAX_BYTES (UINT64_C(1) << 40)

enum {
    RECORD_HELP = 'h',
    RECORD_VERSION = 'V',
    RECORD_OUTPUT = 'o',
    RECORD_SECONDS = 's',
    RECORD_SYSCALLS = 'y',
    RECORD_NO_CPU = 'n',
    RECORD_SCHED = 'd',
    RECORD_FLIGHT = 'f'
};

static const char record_help[] =
    "usage: preflame record [options] -- COMMAND [ARGUMENT...]\n"
    "       preflame record [-o DIR] [--seconds=N] [--flight[=LIMITS]] TARGET\n"
    "Run COMMAND under the preload and record an LTTng trace: a folder that `preflame view` and babeltrace2 "
    "read.\n"
    "  -o, --output=DIR  the trace's folder, new or empty (default: preflame-trace-PID)\n"
    "  --seconds=N       stop recording after N seconds; COMMAND goes on, and is waited for\n"
    "  --flight[=LIMITS] a flight recorder: keep the last events in memory: a size (default 32M, of all CPUs "
    "together),\n"
    "                    seconds (30s), or both (64M,30s). They are written, each time into a folder of "
    "their "
    "own below DIR,\n"
    "                    when this command gets SIGUSR2, by POST /debug/preflame/trace/dump, by "
    "preflame_trace_dump() in the\n"
    "                    program, and when COMMAND has ended, however it did\n"
    "  --syscalls=WHICH  slow (default): system calls of 20 us and more; all: every one\n"
    "  --no-cpu          no CPU samples in the trace\n"
    "  --sched           also which thread runs on which CPU and how long it waits for one: by perf where "
    "permitted, else by\n"
    "                    schedstat\n" PRELOAD_OPTIONS_HELP "  --help, --version\n"
    "TARGET, a pid, the name of a process (see `preflame ls`), a URL or a Unix socket, runs under preflame "
    "already: it is\n"
    "recorded for N seconds, or until a key or a signal ends this command.\n"
    "A running lttng-sessiond is used, else a private one runs as long as the recording. If there can be no "
    "trace, one\n"
    "line says why and COMMAND runs all the same. SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to "
    "COMMAND.\n"
    "Exit status: COMMAND's (128+N when signal N ended it); 2 for wrong usage, 127 when there is no COMMAND, "
    "126 "
    "when\n"
    "it can't be run.\n";

struct record_options {
    struct preload_settings preload;
    struct record_plan plan;
};

/* The command's process and what we keep from it. */
struct child {
    pid_t pid;
    sigset_t own_mask;         /* the signal mask we came with: the command's */
    struct sigaction on_child; /* likewise for SIGCHLD, which we need */
    struct recording *flight;  /* dumped on SIGUSR2; NULL: not ours to take */
};

static int take_option(struct record_options *options, int option, const char *value)
{
    char *end;
    switch (option) {
    case RECORD_OUTPUT:
        options->plan.directory = value;
        return 0;
    case RECORD_NO_CPU:
        options->preload.is_without_cpu = true;
        return 0;
    case RECORD_SCHED:
        options->plan.has_sched = true;
        return 0;
    case RECORD_SYSCALLS:
        options->preload.syscalls = value;
        if (strcmp(value, "slow") == 0 || strcmp(value, "all") == 0)
            return 0;
        fprintf(stderr, "preflame: --syscalls=%s: give slow or all\n", value);
        return -EINVAL;
    case RECORD_FLIGHT:
        return record_flight_limits(value, &options->plan.kept);
    case RECORD_SECONDS:
        options->plan.seconds = (int)strtol(value, &end, 10);
        if (*value >= '0' && *value <= '9' && *end == '\0' && options->plan.seconds > 0 &&
            options->plan.seconds <= MAX_SECONDS)
            return 0;
        fprintf(stderr, "preflame: --seconds=%s: give a number from 1 to %d\n", value, MAX_SECONDS);
        return -EINVAL;
    default:
        return preload_settings_take(&options->preload, option, value);
    }
}

/* -1: go on; else the exit status. */
static int parse(struct record_options *options, int argc, char **argv)
{
    static const struct option rows[] = {
        PRELOAD_LONG_OPTIONS,
        {"output", required_argument, NULL, RECORD_OUTPUT},
        {"seconds", required_argument, NULL, RECORD_SECONDS},
        {"syscalls", required_argument, NULL, RECORD_SYSCALLS},
        {"flight", optional_argument, NULL, RECORD_FLIGHT},
        {"no-cpu", no_argument, NULL, RECORD_NO_CPU},
        {"sched", no_argument, NULL, RECORD_SCHED},
        {"help", no_argument, NULL, RECORD_HELP},
        {"version", no_argument, NULL, RECORD_VERSION},
        {NULL, 0, NULL, 0},
    };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+ho:", rows, NULL)) != -1) {
        if (option == RECORD_HELP || option == RECORD_VERSION)
            return fputs(option == RECORD_HELP ? record_help : "preflame " PREFLAME_VERSION "\n", stdout) < 0;
        if (take_option(options, option, optarg) < 0)
            return EXIT_USAGE; /* getopt_long or the value's check has said why */
    }
    if (optind < argc && strcmp(argv[optind - 1], "--") == 0)
        return -1;
    if (optind + 1 == argc)
        return record_attach(argv[optind], &options->plan);
    fprintf(stderr,
            "preflame: give a command behind --, or one target: preflame record [options] -- COMMAND\n");
    return EXIT_USAGE;
}

/* Signals are taken one by one with sigtimedwait: no handler, no race with the command's end. */
static void block_signals(struct child *child, sigset_t *ret_waited)
{
    static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigemptyset(ret_waited);
    sigaddset(ret_waited, SIGCHLD);
    for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
        sigaddset(ret_waited, passed_on[i]);
    if (child->flight)
        sigaddset(ret_waited, SIGUSR2);
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &by_default, &child->on_child); /* ignored, it would reap our children */
    sigprocmask(SIG_BLOCK, ret_waited, &child->own_mask);
}

/* Whoever looks at the command's scheduling looks before it begins. */
static void release_child(const struct child *child, struct recording *recording, int gate[2])
{
    if (recording)
        recording_watch(recording, child->pid);
    close(gate[0]);
    close(gate[1]); /* the command goes on */
}

/* `recording`: what is to watch it, or NULL. */
static int start_child(struct child *child, const struct preload_settings *settings,
                       struct recording *recording, char *const argv[])
{
    int gate[2] = {-1, -1};
    if (pipe2(gate, O_CLOEXEC))
        return -errno;
    fflush(NULL);
    child->pid = fork();
    if (child->pid != 0) {
        int status = child->pid < 0 ? -errno : 0;
        release_child(child, status ? NULL : recording, gate);
        return status;
    }
    char nothing;
    close(gate[1]);
    (void)!read(gate[0], &nothing, 1);
    sigaction(SIGCHLD, &child->on_child, NULL);
    sigprocmask(SIG_SETMASK, &child->own_mask, NULL);
    setenv("LTTNG_UST_REGISTER_TIMEOUT", REGISTER_TIMEOUT_MS, 0);
    if (preload_env_apply(settings) < 0)
        fflush(stderr); /* said before the recording began */
    _exit(preload_exec(argv));
}

/* Waits for the command until `until_ns` (0: for ever), passing signals on. true when it has ended. */
static bool wait_child(const struct child *child, const sigset_t *waited, int64_t until_ns, int *ret_status)
{
    for (;;) {
        if (waitpid(child->pid, ret_status, WNOHANG) == child->pid)
            return true;
        int64_t left_ns = until_ns ? until_ns - clock_mono_ns() : NS_PER_S;
        if (left_ns <= 0)
            return false;
        struct timespec left = {left_ns / NS_PER_S, left_ns % NS_PER_S};
        siginfo_t info;
        int number = sigtimedwait(waited, &info, &left);
        /* The kernel itself sends a terminal's keys, and has sent them to the command too. */
        if (number == SIGUSR2 && child->flight)
            record_dump(child->flight);
        else if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL)
            kill(child->pid, number);
    }
}

void record_progress(const char *text)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "preflame: %s\n", text);
}

/* One limit, up to `end`. */
static bool take_limit(const char *text, const char *end, struct session_kept *kept)
{
    char *unit;
    unsigned long long number = strtoull(text, &unit, 10);
    if (*text < '0' || *text > '9' || !number)
        return false;
    if (unit + 1 == end && *unit == 's') {
        kept->seconds = (unsigned)number;
        return number <= MAX_SECONDS;
    }
    unsigned shift = *unit == 'K' ? 10 : *unit == 'M' ? 20 : *unit == 'G' ? 30 : 0;
    kept->bytes = number << shift;
    return unit + (shift != 0) == end && number <= FLIGHT_MAX_BYTES >> shift;
}

int record_flight_limits(const char *text, struct session_kept *ret)
{
    *ret = (struct session_kept){.bytes = FLIGHT_BYTES};
    const char *comma = text ? strchr(text, ',') : NULL;
    if (!text || (take_limit(text, comma ? comma : text + strlen(text), ret) &&
                  (!comma || take_limit(comma + 1, text + strlen(text), ret))))
        return 0;
    fprintf(stderr, "preflame: --flight=%s: give a size up to 1024G, seconds up to %d, or both, as 64M,30s\n",
            text, MAX_SECONDS);
    return -EINVAL;
}

void record_dump(struct recording *recording)
{
    struct recording_result result;
    if (!recording->session[0])
        return; /* there is none, or no more */
    if (recording_dump(recording, &result))
        fprintf(stderr, "preflame: lttng-sessiond did not write the dump; is there room in %s?\n",
                recording->directory);
    else
        fprintf(stderr, "preflame: dumped %s%" PRIu64 " events in %s\n",
                result.is_counted_whole ? "" : "at least ", result.events, recording->dump);
}

void record_finish(struct recording *recording)
{
    struct recording_result result;
    record_progress("writing the trace and counting its events ...");
    recording_finish(recording, &result);
    if (!result.is_complete)
        fprintf(stderr,
                "preflame: lttng-sessiond did not finish the trace in time: its end may be missing\n");
    fprintf(stderr, "preflame: recorded %s%" PRIu64 " events (%" PRIu64 " lost) in %s\n",
            result.is_counted_whole ? "" : "at least ", result.events, result.lost,
            recording_result_folder(recording));
}

static int exit_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* Runs the command, with a session or, when is_recording is false, without; gives its exit status. */
static int run_child(struct child *child, const sigset_t *waited, struct recording *recording,
                     bool is_recording, const struct record_options *options, char *const argv[])
{
    int wait_status = 0;
    int64_t until_ns =
        is_recording && options->plan.seconds ? clock_mono_ns() + options->plan.seconds * NS_PER_S : 0;
    int status = start_child(child, &options->preload, is_recording ? recording : NULL, argv);
    if (status < 0)
        fprintf(stderr, "preflame: cannot start %s: %s\n", argv[0], strerror(-status));
    bool has_ended = status < 0 || wait_child(child, waited, until_ns, &wait_status);
    if (is_recording)
        record_finish(recording);
    if (!has_ended)
        wait_child(child, waited, 0, &wait_status);
    return status < 0 ? EXIT_FAILED : exit_status(wait_status);
}

static int check_command(const char *program)
{
    char path[PATH_MAX];
    int status = target_find(program, path, sizeof(path));
    if (status < 0)
        fprintf(stderr, "preflame: cannot run %s: %s\n", program, strerror(-status));
    return status == 0 ? 0 : status == -ENOENT ? 127 : 126;
}

/* A key or a kill that came while there was no command yet: 0, or the signal. */
static int take_early_signal(const sigset_t *waited)
{
    int number;
    do
        number = sigtimedwait(waited, NULL, &(struct timespec){0});
    while (number == SIGCHLD || number == SIGUSR2);
    return number > 0 ? number : 0;
}

/* The folder and the session. False, and why not, when there is nothing to record into. */
static bool start_recording(struct recording *recording, const struct record_plan *plan, char *problem,
                            size_t size)
{
    int status = recording_prepare(recording, plan->directory);
    recording->kept = plan->kept;
    recording->has_sched = plan->has_sched;
    if (status < 0)
        snprintf(problem, size, "cannot record into %.150s: %s; name a new or empty folder with -o",
                 plan->directory ? plan->directory : "the current folder", strerror(-status));
    return status == 0 && recording_start(recording, 0, problem, size) == 0;
}

static int record(struct recording *recording, struct record_options *options, char *const argv[])
{
    char problem[256] = "no LTTng session";
    struct child child = {.flight = options->plan.kept.bytes ? recording : NULL};
    sigset_t waited;
    block_signals(&child, &waited); /* from here on we leave nothing behind */
    bool is_recording = start_recording(recording, &options->plan, problem, sizeof(problem));
    int early_signal = take_early_signal(&waited);
    if (early_signal) {
        if (is_recording)
            record_finish(recording);
        return 128 + early_signal;
    }
    options->preload.is_traced = is_recording;
    if (is_recording) {
        record_progress("recording; the trace is complete when the command has ended");
        options->preload.is_left_out = !preload_env_warn(argv[0]);
    } else {
        fprintf(stderr, "preflame: %s; running %s without a trace\n", problem, argv[0]);
    }
    return run_child(&child, &waited, recording, is_recording, options, argv);
}

int cmd_record(int argc, char **argv)
{
    struct record_options options = {.preload = {.is_traced = true, .syscalls = "slow"}};
    struct recording recording;
    int status = parse(&options, argc, argv);
    if (status >= 0)
        return status;
    char **command = &argv[optind];
    status = check_command(command[0]);
    if (status)
        return status;
    return record(&recording, &options, command);
}
