/* `preflame doctor`: what works here and what doesn't, one row a check. */
#include "base/bytes.h"
#include "base/compiler.h"
#include "viewer/cli/checkup.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/read_file.h"
#include "viewer/cli/usage.h"
#include "viewer/session/target.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAPS_BYTES_MAX ((size_t)16 << 20)

static const char doctor_help[] =
    "usage: preflame doctor [COMMAND | PID]\n"
    "Say what of preflame works here and what doesn't, and what to do: on this machine, and with COMMAND or "
    "in the\n"
    "running process PID. One line a check: ok, note (it works, and is good to know) or "
    "problem.\n" USAGE_OPTIONS_HELP
    "Exit status: 0 when there is no problem, 1 when there is one, 2 for wrong usage.\n";

static const struct {
    char name[16];
    check_fn *run;
} checks[] = {
    {"program", check_program},
    {"process", check_instrumented},
    {"sanitizer", check_sanitizer},
    {"allocator", check_allocator},
    {"profilers", check_profilers},
    {"signal", check_signal},
    {"libc", check_libc},
    {"preload", check_preload},
    {"engine", check_engine},
    {"provider", check_provider},
    {"session daemon", check_session_daemon},
    {"shared memory", check_shared_memory},
    {"socket", check_socket_folder},
    {"memory limit", check_memory},
    {"timer limit", check_timers},
    {"file limit", check_descriptors},
    {"seccomp", check_seccomp},
    {"container", check_container},
    {"perf", check_perf},
    {"ptrace", check_ptrace},
};

static int examine(const struct patient *patient)
{
    static const char *const words[] = {
        [FINDING_FINE] = "ok", [FINDING_NOTE] = "note", [FINDING_PROBLEM] = "problem"};
    unsigned problems = 0;
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        char text[CHECKUP_TEXT_BYTES] = "";
        enum finding finding = checks[i].run(patient, text);
        if (finding == FINDING_NONE)
            continue;
        printf("%-8s %s: %s\n", words[finding], checks[i].name, text);
        problems += finding == FINDING_PROBLEM;
    }
    if (fflush(stdout) != 0)
        return EXIT_FAILED;
    if (problems)
        fprintf(stderr, "preflame: %u problem%s: see above\n", problems, problems > 1 ? "s" : "");
    return problems ? EXIT_FAILED : EXIT_DONE;
}

/* What is mapped into a process. */
static int examine_process(struct patient patient)
{
    char link[64], maps_path[64], path[PATH_MAX];
    struct bytes maps CLEANUP(bytes_clear);
    bytes_init(&maps, MAPS_BYTES_MAX);
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)patient.pid);
    snprintf(maps_path, sizeof(maps_path), "/proc/%d/maps", (int)patient.pid);
    if (kill(patient.pid, 0) != 0 && errno == ESRCH) {
        fprintf(stderr, "preflame: no process %d; preflame ls shows those that run under preflame\n",
                (int)patient.pid);
        return EXIT_FAILED;
    }
    patient.path = readlink(link, path, sizeof(path)) > 0 ? link : "";
    patient.libraries = read_file(maps_path, &maps) == 0 ? bytes_text(&maps) : "";
    return examine(&patient);
}

static int examine_command(struct patient patient)
{
    char path[PATH_MAX];
    int error = target_find(patient.name, path, sizeof(path));
    if (error) {
        fprintf(stderr, "preflame: %s: %s; give a command as you would type it, or a pid\n", patient.name,
                strerror(-error));
        return EXIT_FAILED;
    }
    patient.path = path;
    return examine(&patient);
}

int cmd_doctor(int argc, char **argv)
{
    static const struct option options[] = {USAGE_LONG_OPTIONS, {NULL, 0, NULL, 0}};
    const char *preloads = getenv("LD_PRELOAD");
    struct patient patient = {.path = "", .libraries = preloads ? preloads : ""};
    unsigned long pid;
    int option;
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
        if (option == '?')
            return usage_bad_option("doctor", argv);
        return usage_answer(option == 'h' ? USAGE_HELP : option, doctor_help);
    }
    if (optind == argc)
        return examine(&patient);
    patient.name = argv[optind];
    if (!usage_number(patient.name, 1, INT_MAX, &pid))
        return examine_command(patient);
    patient.pid = (pid_t)pid;
    return examine_process(patient);
}
