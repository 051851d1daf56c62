/* The program itself, and what is loaded with it. */
#include "viewer/cli/checkup.h"

#include "base/compiler.h"
#include "viewer/client/processes.h"
#include "viewer/session/target.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum finding check_program(const struct patient *patient, char *text)
{
    if (!patient->name)
        return FINDING_NONE;
    const char *obstacle = patient->path[0] ? target_preload_obstacle(patient->path) : NULL;
    if (!patient->path[0])
        snprintf(text, CHECKUP_TEXT_BYTES, "%s: its file can't be seen; ask as its user, or as root",
                 patient->name);
    else if (obstacle)
        snprintf(text, CHECKUP_TEXT_BYTES, "%s %s; build or start it otherwise", patient->name, obstacle);
    else
        snprintf(text, CHECKUP_TEXT_BYTES, "%s is loaded by glibc's loader, which heeds LD_PRELOAD",
                 patient->name);
    return obstacle || !patient->path[0] ? FINDING_PROBLEM : FINDING_FINE;
}

enum finding check_instrumented(const struct patient *patient, char *text)
{
    struct process process;
    if (!patient->pid)
        return FINDING_NONE;
    int error = process_look(patient->pid, &process);
    if (error == -ENOENT)
        snprintf(text, CHECKUP_TEXT_BYTES,
                 "process %d doesn't run under preflame, and nothing can be preloaded later; start it by "
                 "`preflame run`",
                 (int)patient->pid);
    else if (error)
        snprintf(text, CHECKUP_TEXT_BYTES, "process %d: %s; ask as its user, or as root", (int)patient->pid,
                 strerror(-error));
    else if (!process.socket_path[0] && !process.http[0])
        snprintf(text, CHECKUP_TEXT_BYTES,
                 "process %d has libpreflame.so but no endpoint: it is off (PREFLAME=off, or as it said on "
                 "stderr), or "
                 "serves nobody (PREFLAME_SOCKET=off)",
                 (int)patient->pid);
    else
        snprintf(text, CHECKUP_TEXT_BYTES, "process %d answers on %s", (int)patient->pid,
                 process.socket_path[0] ? process.socket_path : process.http);
    return error || (!process.socket_path[0] && !process.http[0]) ? FINDING_PROBLEM : FINDING_FINE;
}

enum finding check_sanitizer(const struct patient *patient, char *text)
{
    const char *sanitizer = patient->name && patient->path[0] ? target_sanitizer(patient->path) : NULL;
    if (!sanitizer)
        return FINDING_NONE;
    snprintf(text, CHECKUP_TEXT_BYTES,
             "%s is built with %s, which ends programs with preloads; profile a build without it",
             patient->name, sanitizer);
    return FINDING_PROBLEM;
}

enum finding check_allocator(const struct patient *patient, char *text)
{
    static const char *const allocators[] = {"libjemalloc", "libtcmalloc", "libmimalloc"};
    for (size_t i = 0; i < ARRAY_SIZE(allocators); i++) {
        if (!strstr(patient->libraries, allocators[i]))
            continue;
        snprintf(text, CHECKUP_TEXT_BYTES,
                 "malloc is that of %s: counted when libpreflame.so stands before it in LD_PRELOAD, else "
                 "there is no heap "
                 "profile",
                 allocators[i]);
        return FINDING_NOTE;
    }
    return FINDING_NONE;
}

enum finding check_profilers(const struct patient *patient, char *text)
{
    static const struct {
        const char *library, *what;
        enum finding finding;
    } others[] = {
        {"libheaptrack", "counts the same allocations, and both do worse; leave one out", FINDING_PROBLEM},
        {"libasan.so", "ends programs with preloads before it; leave one out", FINDING_PROBLEM},
        {"libtsan.so", "ends programs with preloads before it; leave one out", FINDING_PROBLEM},
        {"liblttng-ust-pthread-wrapper", "traces the same locks: each shows in both", FINDING_NOTE},
        {"liblttng-ust-libc-wrapper", "traces the same allocations: each costs twice", FINDING_NOTE},
        {"libprofiler.so",
         "samples by SIGPROF, preflame by another signal: both work, and see each other's samples",
         FINDING_NOTE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (!strstr(patient->libraries, others[i].library))
            continue;
        snprintf(text, CHECKUP_TEXT_BYTES, "%s %s", others[i].library, others[i].what);
        return others[i].finding;
    }
    return FINDING_NONE;
}

enum finding check_signal(const struct patient *patient, char *text)
{
    char status[8192];
    const char *caught = NULL;
    if (patient->pid && checkup_proc(patient, "status", status, sizeof(status)))
        caught = checkup_value(status, "\nSigCgt:");
    if (!caught || !(strtoull(caught, NULL, 16) >> (SIGPROF - 1) & 1))
        return FINDING_NONE;
    snprintf(
        text, CHECKUP_TEXT_BYTES,
        "process %d handles SIGPROF, as profilers do; preflame samples by signal 33, which no program names",
        (int)patient->pid);
    return FINDING_NOTE;
}
