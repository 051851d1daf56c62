/* A helper process that the program around us never sees: not its waitpid, not its SIGCHLD handler, not its
 * terminal.
 * terminal. It is nobody's child that could ask for its exit status, so what it writes must prove itself.
 * How: helper_middle.h. */
#ifndef PREFLAME_EXPORTERS_HELPER_H
#define PREFLAME_EXPORTERS_HELPER_H

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct helper_command {
    const char *const *argv; /* argv[0] is an absolute path; borrowed during the call */
    const char *const
        *env;     /* the whole environment, best from helper_environment_new; NULL is an empty one */
    int nice_add; /* added to the nice value */
};

struct middle;

struct helper {
    pid_t pid;
    int pidfd;             /* -1 on a kernel without; owned */
    int output_fd;         /* the helper's standard output, non-blocking, high, close-on-exec; owned */
    struct middle *middle; /* what waits for it in our place; owned, or NULL */
};

/* Starts the helper with `input_fd` (borrowed) as standard input, /dev/null as standard error and nothing
 * else open: default signals, empty mask, own session, folder "/", no core file. Only the calling thread
 * waits, until exec. 0 or negative errno, also when exec fails. Any thread; not signal-safe. */
int helper_start(const struct helper_command *cmd, int input_fd, struct helper *ret) MUST_USE;
/* Ends the helper now, or asks it to end (SIGTERM). Nothing happens if it has ended by itself. */
void helper_kill(const struct helper *helper);
void helper_ask_end(const struct helper *helper);
/* Closes the descriptors. The helper lives on if it hasn't ended: then call helper_reap later. Never blocks.
 * Safe to call twice. */
void helper_close(struct helper *helper);
/* Frees what helpers that lived on have left, if they have ended. Whether any hasn't. Any thread. */
bool helper_reap(void);

/* A high, close-on-exec memory file that holds `len` bytes, to be read from its start: input that cannot
 * deadlock as a pipe can. The descriptor, or negative errno. */
int helper_input(const void *data, size_t len) MUST_USE;
/* Reads once from the helper's output into `out`: 1 when something came, 0 at its end, -EAGAIN when nothing
 * is there yet, or negative errno, -EFBIG beyond the cap. Never blocks. */
int helper_read(const struct helper *helper, struct bytes *out) MUST_USE;
/* Runs a helper to the end of its output, which is appended to `out` (whose cap bounds it). Blocks for
 * `timeout_ns` at most, then kills it: -ETIMEDOUT. 0 or negative errno; -EFBIG beyond the cap. Judge `out`
 * before trusting it. */
int helper_run(const struct helper_command *cmd, const void *input, size_t len, int64_t timeout_ns,
               struct bytes *out) MUST_USE;

/* A copy of the environment `from` without what would bring us, or the target's loader settings, into the
 * helper (LD_*, PREFLAME*, MALLOC_*, GLIBC_TUNABLES). One block, freed with free(); NULL without memory.
 * Reading `environ` races with setenv: boot-only for that argument. */
char **helper_environment_new(const char *const *from) MUST_USE;

#endif
