/* Where the file goes, what is said, and the way from raw samples to a named profile on disk. */
#include "boot/exit_profile.h"

#include "base/atomic_file.h"
#include "boot/control.h"
#include "boot/services.h"
#include "exporters/local_names.h"
#include "pipeline/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROFILE_BYTES_MAX ((size_t)256 << 20)
#define SYMBOLIZE_TIMEOUT_NS (INT64_C(10) * 1000000000)

static const struct engine_host *host;
static char folder[PATH_MAX];
static char path[PATH_MAX + 64];
static atomic_bool is_on;
static bool is_fork_child;
static bool is_written;     /* `path` is a file of this process already */
static time_t start_time_s; /* files younger than this belong to somebody of this run */

static bool make_folder(void)
{
    const char *temporary = getenv("TMPDIR");
    if (host->options->out[0]) {
        if (!realpath(host->options->out, folder)) {
            if (mkdir(host->options->out, 0777) != 0 && errno != EEXIST)
                return false;
            if (!realpath(host->options->out, folder))
                return false;
        }
        struct stat status;
        if (stat(folder, &status) != 0)
            return false;
        if (!S_ISDIR(status.st_mode)) {
            errno = ENOTDIR;
            return false;
        }
        return access(folder, W_OK | X_OK) == 0;
    }
    snprintf(folder, sizeof(folder), "%s/profileXXXXXX",
             temporary && temporary[0] == '/' ? temporary : "/tmp");
    return mkdtemp(folder) != NULL;
}

/* When this process began, in seconds since the epoch, rounded down; an exec doesn't change it. */
static time_t process_start(void)
{
    struct stat status;
    return stat("/proc/self", &status) == 0 ? status.st_ctime : time(NULL);
}

static bool is_taken(const char *name)
{
    struct stat status;
    return lstat(name, &status) == 0 && status.st_mtime >= start_time_s;
}

/* cpu.pprof is the first process' of a run; the others add their pid, and a number if that is taken too. */
static void choose_path(void)
{
    if (is_written)
        return;
    snprintf(path, sizeof(path), "%s/cpu.pprof", folder);
    if (!host->is_child && !is_fork_child && !is_taken(path))
        return;
    snprintf(path, sizeof(path), "%s/cpu.pprof.%d", folder, (int)getpid());
    for (int i = 1; i < 1000 && is_taken(path); i++)
        snprintf(path, sizeof(path), "%s/cpu.pprof.%d.%d", folder, (int)getpid(), i);
}

static void on_fatal(void)
{
    keeper_run(INT64_C(3000000000), INT64_C(20000000000));
    services_unlink();
}

static int start(void)
{
    int error = control_cpu_begin(0);
    atomic_store_explicit(&is_on, !error, memory_order_release);
    return error;
}

void exit_profile_begin(const struct engine_host *the_host)
{
    static const int fatal[] = {SIGINT, SIGTERM, 0};
    host = the_host;
    start_time_s = process_start();
    if (!make_folder()) {
        host->log(LOG_WARN, "no profile: %s: %s; set PREFLAME_OUT to a writable folder",
                  host->options->out[0] ? host->options->out : folder, strerror(errno));
        return;
    }
    choose_path();
    int error = start();
    if (error) {
        host->log(LOG_WARN, "no CPU profile: %s", strerror(-error));
        return;
    }
    host->own_fatal(fatal, on_fatal);
    host->log(LOG_ERROR, "cpu profiling enabled, %s", path);
}

bool exit_profile_is_on(void)
{
    return atomic_load_explicit(&is_on, memory_order_acquire);
}

/* The profile with names, by the helper; by symbol tables when that fails. */
static int encode(struct profile *profile, struct bytes *out)
{
    const struct helper_command *helper = services_symbolizer();
    struct bytes raw;
    bytes_init(&raw, PROFILE_BYTES_MAX);
    int error = profile_encode(profile, &raw);
    if (!error && helper) {
        keeper_progress(true);
        error = helper_run(helper, raw.data, raw.len, SYMBOLIZE_TIMEOUT_NS, out);
        keeper_progress(false);
        struct profile *named = NULL;
        if (!error)
            error = profile_decode(out->data, out->len, PROFILE_BYTES_MAX, &named, NULL);
        profile_free(named);
    } else {
        error = -ENOENT;
    }
    bytes_clear(&raw);
    if (!error)
        return 0;
    bytes_clear(out);
    local_names_finish(profile);
    return profile_encode_gzip(profile, out);
}

static void write_profile(struct profile *profile)
{
    struct bytes out;
    bytes_init(&out, PROFILE_BYTES_MAX);
    int error = encode(profile, &out);
    if (!error) {
        choose_path();
        keeper_progress(false);
        error = atomic_file_write(path, out.data, out.len, false);
    }
    bytes_clear(&out);
    is_written |= !error;
    if (error)
        host->log(LOG_ERROR, "no CPU profile: %s: %s", path, strerror(-error));
    else
        host->log(LOG_ERROR, "cpu profiling disabled, %s", path);
}

void exit_profile_write(bool ends)
{
    if (!exit_profile_is_on())
        return;
    if (!ends && is_fork_child && control_cpu_samples() == 0)
        return; /* fork and exec at once: nothing happened here */
    if (ends)
        atomic_store_explicit(&is_on, false, memory_order_release);
    struct profile *profile = NULL;
    int error = control_cpu_take(ends, &profile);
    keeper_progress(false);
    if (error)
        host->log(LOG_ERROR, "no CPU profile: %s", strerror(-error));
    else
        write_profile(profile);
    profile_free(profile);
}

void exit_profile_after_fork_child(void)
{
    if (!exit_profile_is_on())
        return;
    is_fork_child = true;
    is_written = false;
    start_time_s = process_start();
    choose_path();
    if (start())
        host->log(LOG_WARN, "no CPU profile of child %d", (int)getpid());
}
