/* Where the file goes, what is said, and the way from raw samples to a named profile on disk. */
#include "boot/exit_profile.h"

#include "base/clock.h"
#include "base/process_start.h"
#include "boot/control.h"
#include "boot/out_folder.h"
#include "boot/profile_file.h"
#include "boot/profiles.h"
#include "boot/spool.h"
#include "pipeline/keeper.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUTS_MAX 16

static const struct engine_host *host;
static const char *folder;
static atomic_bool is_on;
static bool is_paused;
static bool is_fork_child;
static uint64_t written;      /* what had happened by the last write */
static pid_t owner;           /* the process that the outputs are chosen for */
static int64_t start_real_ns; /* files younger than this belong to somebody of this run */

/* One file to write. */
struct output {
    const struct profile_kind *kind;
    char path[PATH_MAX + 64];
    bool is_written; /* `path` is a file of this process already */
};

static struct output outputs[OUTPUTS_MAX];
static size_t output_count;

/* Does it need CPU samples? */
static bool is_sampled(const struct output *output)
{
    return output->kind == &profile_kind_cpu || output->kind == &profile_kind_wall;
}

/* What a child says on stderr is often read by the program that made it. */
static enum log_level announcement(void)
{
    return host->is_child || is_fork_child ? LOG_INFO : LOG_ERROR;
}

static bool is_taken(const char *name)
{
    struct stat status;
    return lstat(name, &status) == 0 &&
           status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec >= start_real_ns;
}

/* cpu.pprof is the first process' of a run; the others add their pid, and a number if that is taken too. */
static void choose_path(struct output *output)
{
    if (output->is_written)
        return;
    char *path = output->path;
    size_t size = sizeof(output->path);
    const char *name = output->kind->name;
    snprintf(path, size, "%s/%s.pprof", folder, name);
    if (!host->is_child && !is_fork_child && !is_taken(path))
        return;
    snprintf(path, size, "%s/%s.pprof.%d", folder, name, (int)getpid());
    for (int i = 1; i < 1000 && is_taken(path); i++)
        snprintf(path, size, "%s/%s.pprof.%d.%d", folder, name, (int)getpid(), i);
}

/* The names of PREFLAME_PROFILE, each once. */
static void choose_outputs(void)
{
    char names[sizeof(host->options->profiles)], *rest = NULL;
    memcpy(names, host->options->profiles, sizeof(names));
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        const struct profile_kind *kind = strcmp(name, profile_kind_cpu.name) == 0 ? &profile_kind_cpu
                                          : strcmp(name, profile_kind_wall.name) == 0
                                              ? &profile_kind_wall
                                              : profile_kind_find(name);
        bool is_known = false;
        for (size_t i = 0; i < output_count; i++)
            is_known |= outputs[i].kind == kind;
        if (!kind)
            host->log(LOG_WARN,
                      "PREFLAME_PROFILE: there is no profile '%.64s'; see /debug/pprof/ for their names",
                      name);
        else if (!is_known && output_count < OUTPUTS_MAX)
            outputs[output_count++].kind = kind;
    }
}

static bool any_is_sampled(void)
{
    bool is_any = false;
    for (size_t i = 0; i < output_count; i++)
        is_any |= is_sampled(&outputs[i]);
    return is_any;
}

/* False when nothing is left to write. */
static bool start(void)
{
    int error = any_is_sampled() ? control_cpu_begin(0) : 0;
    if (error)
        host->log(LOG_WARN, "no CPU profile of process %d: %s", (int)getpid(), strerror(-error));
    for (size_t i = 0; error && i < output_count; i++) {
        if (is_sampled(&outputs[i]))
            outputs[i--] = outputs[--output_count];
    }
    atomic_store_explicit(&is_on, output_count > 0, memory_order_release);
    return output_count > 0;
}

bool exit_profile_is_on(void)
{
    return atomic_load_explicit(&is_on, memory_order_acquire);
}

static void write_profile(struct output *output, struct profile *profile, bool ends)
{
    choose_path(output);
    int error = profile_file_write(profile, output->path);
    output->is_written |= !error;
    if (error)
        host->log(LOG_ERROR, "no %s profile: %s: %s", output->kind->name, output->path, strerror(-error));
    else if (ends)
        host->log(announcement(), "%s profiling disabled, %s", output->kind->name, output->path);
}

/* Wall: CPU time and all that threads waited. */
static int take_wall(struct profile **ret)
{
    struct profile *waits CLEANUP(profile_freep) = NULL;
    int error = control_cpu_take(false, &profile_kind_wall, ret);
    if (!error)
        error = profiles_take(&profile_kind_wall, false, &waits);
    return error ? error : profile_merge(*ret, waits, 1);
}

static int take(const struct profile_kind *kind, struct profile **ret)
{
    if (kind == &profile_kind_cpu)
        return control_cpu_take(false, kind, ret);
    return kind == &profile_kind_wall ? take_wall(ret) : profiles_take(kind, false, ret);
}

/* The spool's part: everything as it is now, without names. */
static void fill_spool(void)
{
    for (size_t i = 0; i < output_count; i++) {
        struct profile *profile = NULL;
        if (take(outputs[i].kind, &profile) == 0)
            spool_put(outputs[i].kind->name, profile);
        profile_free(profile);
    }
}

/* Changes with all that the profiles count. */
static uint64_t happened(void)
{
    uint64_t sum = any_is_sampled() ? control_cpu_samples() : 0;
    for (size_t i = 0; i < output_count; i++)
        sum += profiles_sum(outputs[i].kind);
    return sum;
}

/* What threads are doing, and waits that go on, change with time. */
static bool is_state(const struct output *output)
{
    return output->kind == &profile_kind_wall || profile_kind_is_threads(output->kind);
}

static uint64_t spool_changed(void)
{
    static uint64_t calls;
    bool is_any = false;
    for (size_t i = 0; i < output_count; i++)
        is_any |= is_state(&outputs[i]);
    return is_any ? ++calls : happened();
}

static const struct spool_source spool_source = {.fill = fill_spool, .changed = spool_changed};

void exit_profile_begin(const struct engine_host *the_host, void (*on_fatal)(void))
{
    static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, 0};
    host = the_host;
    owner = getpid();
    start_real_ns = process_start_real_ns();
    choose_outputs();
    if (!output_count)
        return;
    folder = out_folder(host);
    if (!folder)
        return;
    for (size_t i = 0; i < output_count; i++)
        choose_path(&outputs[i]);
    if (!start())
        return;
    spool_init(host, folder, &spool_source);
    control_keep_ticking(true);
    host->own_fatal(fatal, on_fatal);
    for (size_t i = 0; i < output_count; i++)
        host->log(announcement(), "%s profiling enabled, %s", outputs[i].kind->name, outputs[i].path);
}

static void write_output(struct output *output, bool ends)
{
    struct profile *profile = NULL;
    int error = take(output->kind, &profile);
    keeper_progress(false);
    if (error)
        host->log(LOG_ERROR, "no %s profile: %s", output->kind->name, strerror(-error));
    else
        write_profile(output, profile, ends);
    profile_free(profile);
}

/* Not in a child that execs at once, nor in a shell that tries all of PATH. */
static bool anything_is_new(void)
{
    uint64_t now = happened();
    bool is_new = now != written;
    written = now;
    return is_new;
}

void exit_profile_write(bool ends)
{
    if (owner != getpid()) /* a child of _Fork, where nothing could be done earlier */
        exit_profile_after_fork_child();
    if (!exit_profile_is_on() || (!ends && !anything_is_new()))
        return;
    if (ends)
        atomic_store_explicit(&is_on, false, memory_order_release);
    for (size_t i = 0; i < output_count; i++)
        write_output(&outputs[i], ends);
    if (ends)
        spool_remove();
    if (ends && any_is_sampled()) {
        struct profile *unwanted = NULL;
        (void)!control_cpu_take(true, &profile_kind_cpu, &unwanted);
        profile_free(unwanted);
    }
}

void exit_profile_pause(void)
{
    is_paused |= atomic_exchange(&is_on, false);
}

void exit_profile_after_fork_child(void)
{
    if (!exit_profile_is_on() && !is_paused)
        return;
    is_paused = false;
    is_fork_child = true;
    owner = getpid();
    start_real_ns = process_start_real_ns();
    for (size_t i = 0; i < output_count; i++) {
        outputs[i].is_written = false;
        choose_path(&outputs[i]);
    }
    if (start())
        spool_init(host, folder, &spool_source);
    control_keep_ticking(output_count > 0);
    written = happened(); /* what is the parent's: its heap, say */
}
