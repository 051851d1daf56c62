/* What `preflame run` and `preflame record` share: their options for the preload, and the environment made of
 * them. */
#include "viewer/cli/preload_env.h"

#include "viewer/session/target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libpreflame.so"
#define MAX_CPU_HZ 10000

static int take_cpu_hz(struct preload_settings *settings, const char *value)
{
    char *end;
    long hz = strtol(value, &end, 10);
    if (end == value || *end != '\0' || hz < 1 || hz > MAX_CPU_HZ) {
        fprintf(stderr, "preflame: --cpu-hz=%s: give a number from 1 to %d\n", value, MAX_CPU_HZ);
        return -EINVAL;
    }
    settings->cpu_hz = value;
    return 0;
}

int preload_settings_take(struct preload_settings *settings, int option, const char *value)
{
    switch (option) {
    case PRELOAD_HTTP:
        settings->http = value;
        return 0;
    case PRELOAD_PROFILE:
        settings->profile = value;
        return 0;
    case PRELOAD_OUT:
        settings->out = value;
        return 0;
    case PRELOAD_CPU_HZ:
        return take_cpu_hz(settings, value);
    case PRELOAD_SOCKET:
        settings->socket = value;
        return 0;
    case PRELOAD_INTERVAL:
        settings->interval = value;
        return 0;
    case PRELOAD_PUSH:
        settings->push = value;
        return 0;
    case PRELOAD_LOG:
        settings->log = value;
        return 0;
    default:
        return -ENOENT;
    }
}

/* In the build tree and after an install, the library lies in a folder beside the one of this program. */
int preload_env_find(char *ret_path, size_t size)
{
    static const char *const folders[] = {"lib", "lib/x86_64-linux-gnu", "lib64"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len <= 0)
        return -ENOENT;
    program[len] = '\0';
    for (int up = 0; up < 2; up++) { /* .../bin/preflame -> ... */
        char *slash = strrchr(program, '/');
        if (!slash)
            return -ENOENT;
        *slash = '\0';
    }
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        int needed = snprintf(ret_path, size, "%s/%s/%s", program, folders[i], LIBRARY);
        if (needed > 0 && (size_t)needed < size && access(ret_path, R_OK) == 0)
            return strpbrk(ret_path, " :") ? -EINVAL : 0;
    }
    return -ENOENT;
}

static int set_preload(void)
{
    char library[PATH_MAX];
    int status = preload_env_find(library, sizeof(library));
    if (status < 0)
        return status;
    const char *others = getenv("LD_PRELOAD");
    if (!others || others[0] == '\0')
        return setenv("LD_PRELOAD", library, 1) ? -errno : 0;
    char *list = NULL;
    if (asprintf(&list, "%s:%s", library, others) < 0)
        return -ENOMEM;
    status = setenv("LD_PRELOAD", list, 1) ? -errno : 0;
    free(list);
    return status;
}

static void set_if_given(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
}

int preload_env_apply(const struct preload_settings *settings)
{
    if (settings->is_left_out)
        return 0;
    set_if_given("PREFLAME_HTTP", settings->http);
    set_if_given("PREFLAME_PROFILE", settings->profile);
    set_if_given("PREFLAME_OUT", settings->out);
    set_if_given("PREFLAME_CPU_HZ", settings->cpu_hz);
    set_if_given("PREFLAME_SOCKET", settings->socket);
    set_if_given("PREFLAME_LOG", settings->log);
    set_if_given("PREFLAME_INTERVAL", settings->interval);
    set_if_given("PREFLAME_PUSH", settings->push);
    set_if_given("PREFLAME_TRACE", settings->is_traced ? "1" : NULL);
    if (settings->is_traced && settings->syscalls) {
        setenv("PREFLAME_TRACE_SYSCALLS", settings->syscalls, 1);
        setenv("PREFLAME_TRACE_CPU", settings->is_without_cpu ? "0" : "1", 1);
    }
    return set_preload();
}

bool preload_env_warn(const char *program)
{
    char path[PATH_MAX];
    int status = preload_env_find(path, sizeof(path));
    if (status == -EINVAL) {
        fprintf(stderr,
                "preflame: %s: LD_PRELOAD can't carry a path with a space or colon; running without it\n",
                path);
        return true;
    }
    if (status < 0) {
        fprintf(stderr, "preflame: " LIBRARY
                        " is not in ../lib beside this program; running without it (reinstall)\n");
        return true;
    }
    if (target_find(program, path, sizeof(path)) < 0)
        return true; /* preload_exec will say so */
    const char *obstacle = target_preload_obstacle(path);
    if (obstacle)
        fprintf(stderr, "preflame: %s %s; it runs, unseen\n", program, obstacle);
    const char *sanitizer = target_sanitizer(path);
    if (sanitizer)
        fprintf(stderr, "preflame: %s is built with %s, which ends programs with preloads; it runs, unseen\n",
                program, sanitizer);
    return !sanitizer;
}

int preload_exec(char *const argv[])
{
    execvp(argv[0], argv);
    int error = errno;
    fprintf(stderr, "preflame: cannot run %s: %s\n", argv[0], strerror(error));
    return error == ENOENT ? 127 : 126;
}
