/* What `preflame run` and `preflame record` share: their options for the preload, and the environment made of
 * them. */
#ifndef PREFLAME_VIEWER_CLI_PRELOAD_ENV_H
#define PREFLAME_VIEWER_CLI_PRELOAD_ENV_H

#include "base/compiler.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

struct preload_settings {
    const char *http; /* all strings: as typed, not owned, NULL = unset */
    const char *profile;
    const char *out;
    const char *cpu_hz;
    const char *socket;
    const char *log;
    const char *interval;
    const char *push;
    const char *syscalls; /* slow or all; set by record only */
    bool is_traced;       /* load the trace provider at start */
    bool is_without_cpu;  /* no CPU samples in the trace */
    bool is_left_out;     /* the program would not bear it: preload_env_warn */
};

/* Values of getopt_long for the rows below; free for other options: below 0x100. */
enum {
    PRELOAD_HTTP = 0x100,
    PRELOAD_PROFILE,
    PRELOAD_OUT,
    PRELOAD_CPU_HZ,
    PRELOAD_SOCKET,
    PRELOAD_LOG,
    PRELOAD_INTERVAL,
    PRELOAD_PUSH
};

/* clang-format off */
#define PRELOAD_LONG_OPTIONS                             \
    {"http", required_argument, NULL, PRELOAD_HTTP},       \
    {"profile", required_argument, NULL, PRELOAD_PROFILE}, \
    {"out", required_argument, NULL, PRELOAD_OUT},         \
    {"cpu-hz", required_argument, NULL, PRELOAD_CPU_HZ},   \
    {"socket", required_argument, NULL, PRELOAD_SOCKET},   \
    {"log", required_argument, NULL, PRELOAD_LOG},         \
    {"interval", required_argument, NULL, PRELOAD_INTERVAL}, \
    {"push", required_argument, NULL, PRELOAD_PUSH}
/* clang-format on */

#define PRELOAD_OPTIONS_HELP                                                                                 \
    "  --http=ADDR       serve pprof endpoints on 6060, :6060 (loopback) or HOST:6060\n"                     \
    "  --profile=LIST    written at exit: cpu,heap,mutex,block,wall,threadcreate\n"                          \
    "  --interval=N      rolling profiles, each of N seconds\n"                                              \
    "  --push=URL        rolling profiles go to this Pyroscope server\n"                                     \
    "  --out=DIR         folder of the profiles written at exit, and of rolling ones\n"                      \
    "  --cpu-hz=N        CPU samples a second of each thread's CPU time, 1 to 10000 (default 100)\n"         \
    "  --socket=PATH     the Unix socket of the endpoints; off for none\n"                                   \
    "  --log=LEVEL       error, warn, info or debug\n"

/* Takes one option of PRELOAD_LONG_OPTIONS. 0; -ENOENT when it is not one of them; -EINVAL for a wrong value,
 * after one line on stderr. */
int preload_settings_take(struct preload_settings *settings, int option, const char *value) MUST_USE;

/* Sets PREFLAME_* from the settings (what is unset stays as the environment has it) and puts libpreflame.so,
 * found beside this program, in front of LD_PRELOAD. For the process that execs next: whatever it starts is
 * preloaded. 0; -ENOENT when there is no library; -EINVAL when its path has a space or colon, which
 * LD_PRELOAD cannot carry. */
int preload_env_apply(const struct preload_settings *settings) MUST_USE;

/* One line on stderr if the preload will not work in `program`, or cannot be found; else nothing. False when
 * the program would end because of it, so that it must be left out. */
bool preload_env_warn(const char *program) MUST_USE;

/* Finds libpreflame.so beside this program. 0, -ENOENT, or -EINVAL when its path has a space or colon. */
int preload_env_find(char *ret_path, size_t size) MUST_USE;

/* execvp with env's manners: comes back only on failure, after one line on stderr, with the exit status: 127
 * when there is no such program, else 126. */
int preload_exec(char *const argv[]) MUST_USE;

#endif
