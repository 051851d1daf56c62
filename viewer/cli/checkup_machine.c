/* The installation, the kernel's settings, and the limits that a process has. */
#include "viewer/cli/checkup.h"

#include "viewer/cli/preload_env.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define MEMORY_BYTES (UINT64_C(1100) << 20) /* with less address space the runtime stays off */
#define TIMERS_LEAST 256U                   /* one a thread of the program */
#define DESCRIPTORS_LEAST 64U

bool checkup_proc(const struct patient *patient, const char *file, char *text, size_t size)
{
    char path[64];
    if (patient->pid)
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)patient->pid, file);
    else
        snprintf(path, sizeof(path), "/proc/self/%s", file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    return len > 0;
}

const char *checkup_value(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? at + strlen(key) + strspn(at + strlen(key), " \t") : NULL;
}

enum finding check_libc(const struct patient *patient, char *text)
{
    (void)patient;
    unsigned major = 0, minor = 0;
    bool is_old = sscanf(gnu_get_libc_version(), "%u.%u", &major, &minor) == 2 && major == 2 && minor < 36;
    snprintf(text, CHECKUP_TEXT_BYTES, "glibc %s%s", gnu_get_libc_version(),
             is_old ? ": 2.36 or newer is needed; use Debian 12 or newer" : "");
    return is_old ? FINDING_PROBLEM : FINDING_FINE;
}

/* The path of an object beside the preload; "" when there is none. */
static void find_beside(const char *name, char path[PATH_MAX])
{
    char preload[PATH_MAX];
    path[0] = '\0';
    if (preload_env_find(preload, sizeof(preload)) < 0)
        return;
    int folder = (int)(strrchr(preload, '/') - preload);
    if (snprintf(path, PATH_MAX, "%.*s/%s", folder, preload, name) >= PATH_MAX || access(path, R_OK) != 0)
        path[0] = '\0';
}

/* Would the loader find all that it needs? Asked without running its constructors. */
static bool is_loadable(const char *path)
{
    char *argv[] = {(char[]){"ld.so"}, (char[]){"--list"}, (char *)(uintptr_t)path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, LOADER, &actions, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return status == 0;
}

static enum finding check_part(const char *name, const char *purpose, const char *packages, char *text)
{
    char path[PATH_MAX];
    find_beside(name, path);
    if (!path[0])
        snprintf(text, CHECKUP_TEXT_BYTES, "%s is not beside libpreflame.so: no %s; reinstall", name,
                 purpose);
    else if (!is_loadable(path))
        snprintf(text, CHECKUP_TEXT_BYTES, "%s lacks a library: no %s; apt install %s", path, purpose,
                 packages);
    else
        snprintf(text, CHECKUP_TEXT_BYTES, "%s can be loaded", path);
    return path[0] && strstr(text, " can be loaded") ? FINDING_FINE : FINDING_PROBLEM;
}

enum finding check_preload(const struct patient *patient, char *text)
{
    (void)patient;
    char path[PATH_MAX];
    int error = preload_env_find(path, sizeof(path));
    if (error == -EINVAL)
        snprintf(text, CHECKUP_TEXT_BYTES, "%s: LD_PRELOAD can't carry a path with a space or colon; move it",
                 path);
    else if (error)
        snprintf(text, CHECKUP_TEXT_BYTES, "libpreflame.so is not in ../lib beside this program; reinstall");
    else
        snprintf(text, CHECKUP_TEXT_BYTES, "%s", path);
    return error ? FINDING_PROBLEM : FINDING_FINE;
}

enum finding check_engine(const struct patient *patient, char *text)
{
    (void)patient;
    return check_part("libpreflame-engine.so", "profiles", "libprotobuf-c1 zlib1g libevent-2.1-7", text);
}

enum finding check_provider(const struct patient *patient, char *text)
{
    (void)patient;
    return check_part("libpreflame-lttng.so", "traces", "liblttng-ust1", text);
}

/* A number in a file of the kernel's; -1 when it isn't there. */
static int kernel_setting(const char *path)
{
    int value = -1;
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%d", &value) != 1)
        value = -1;
    if (file)
        fclose(file);
    return value;
}

enum finding check_perf(const struct patient *patient, char *text)
{
    (void)patient;
    snprintf(text, CHECKUP_TEXT_BYTES, "perf_event_paranoid is %d: preflame doesn't use perf events",
             kernel_setting("/proc/sys/kernel/perf_event_paranoid"));
    return FINDING_FINE;
}

enum finding check_ptrace(const struct patient *patient, char *text)
{
    (void)patient;
    int scope = kernel_setting("/proc/sys/kernel/yama/ptrace_scope");
    if (scope < 0)
        return FINDING_NONE;
    snprintf(text, CHECKUP_TEXT_BYTES, "ptrace_scope is %d: preflame attaches to no process", scope);
    return FINDING_FINE;
}

enum finding check_seccomp(const struct patient *patient, char *text)
{
    char status[8192];
    const char *mode =
        checkup_proc(patient, "status", status, sizeof(status)) ? checkup_value(status, "\nSeccomp:") : "0";
    if (!mode || mode[0] == '0')
        return FINDING_NONE;
    snprintf(text, CHECKUP_TEXT_BYTES,
             "a seccomp filter is set: what it refuses is left out, and where it would kill, "
             "preflame is off and says so");
    return FINDING_NOTE;
}

enum finding check_container(const struct patient *patient, char *text)
{
    (void)patient;
    if (access("/.dockerenv", F_OK) != 0 && access("/run/.containerenv", F_OK) != 0 && !getenv("container"))
        return FINDING_NONE;
    snprintf(text, CHECKUP_TEXT_BYTES,
             "this is a container: endpoints on loopback and in its own file system are reached "
             "from inside, or from the host by `preflame` as root");
    return FINDING_NOTE;
}

/* The soft limit of that name; UINT64_MAX = none. */
static uint64_t limit_of(const struct patient *patient, const char *name)
{
    char limits[4096];
    const char *value =
        checkup_proc(patient, "limits", limits, sizeof(limits)) ? checkup_value(limits, name) : NULL;
    return value && value[0] >= '0' && value[0] <= '9' ? strtoull(value, NULL, 10) : UINT64_MAX;
}

static enum finding check_limit(const struct patient *patient, const char *name, uint64_t least,
                                const char *meaning, char *text)
{
    uint64_t limit = limit_of(patient, name);
    if (limit >= least)
        snprintf(text, CHECKUP_TEXT_BYTES, "%s: enough", name);
    else
        snprintf(text, CHECKUP_TEXT_BYTES, "%s is %" PRIu64 ": %s", name, limit, meaning);
    return limit >= least ? FINDING_FINE : FINDING_PROBLEM;
}

enum finding check_memory(const struct patient *patient, char *text)
{
    static const char meaning[] = "below about 1.1 GB preflame is off; raise it (ulimit -v, -d)";
    enum finding finding = check_limit(patient, "Max address space", MEMORY_BYTES, meaning, text);
    return finding == FINDING_FINE ? check_limit(patient, "Max data size", MEMORY_BYTES, meaning, text)
                                   : finding;
}

enum finding check_timers(const struct patient *patient, char *text)
{
    return check_limit(patient, "Max pending signals", TIMERS_LEAST,
                       "each sampled thread takes one for its timer; raise it (ulimit -i)", text);
}

enum finding check_descriptors(const struct patient *patient, char *text)
{
    return check_limit(patient, "Max open files", DESCRIPTORS_LEAST,
                       "too few for endpoints and traces; raise it (ulimit -n)", text);
}

enum finding check_socket_folder(const struct patient *patient, char *text)
{
    (void)patient;
    const char *wanted = getenv("PREFLAME_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR"),
               *temporary = getenv("TMPDIR");
    if (wanted)
        return FINDING_NONE;
    if (runtime && runtime[0] && access(runtime, W_OK | X_OK) == 0)
        snprintf(text, CHECKUP_TEXT_BYTES, "sockets go below %s", runtime);
    else if (access(temporary ? temporary : "/tmp", W_OK | X_OK) == 0)
        snprintf(text, CHECKUP_TEXT_BYTES, "sockets go below /run/user, or a folder in %s",
                 temporary ? temporary : "/tmp");
    else
        snprintf(text, CHECKUP_TEXT_BYTES,
                 "no folder for sockets can be written: set TMPDIR, or PREFLAME_SOCKET");
    return strncmp(text, "no ", 3) == 0 ? FINDING_PROBLEM : FINDING_FINE;
}
