/* What `preflame doctor` looks at: one function a check. */
#ifndef PREFLAME_VIEWER_CLI_CHECKUP_H
#define PREFLAME_VIEWER_CLI_CHECKUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHECKUP_TEXT_BYTES ((size_t)PATH_MAX + 512)

enum finding {
    FINDING_FINE,
    FINDING_NOTE,    /* works; good to know */
    FINDING_PROBLEM, /* doesn't work, or not all of it: the text says what to do */
    FINDING_NONE,    /* nothing to say here */
};

/* Whom it is about. */
struct patient {
    const char *name;      /* as typed; NULL = the machine alone */
    const char *path;      /* the program's file; "" when it can't be seen */
    pid_t pid;             /* 0 = doesn't run yet */
    const char *libraries; /* what is, or will be, loaded with it: names among other words */
};

/* Each writes one sentence, or two, into `text` (CHECKUP_TEXT_BYTES), without a full stop. Boot-only. */
typedef enum finding check_fn(const struct patient *patient, char *text);

/* checkup_program.c: the program or process */
check_fn check_program, check_instrumented, check_sanitizer, check_allocator, check_profilers, check_signal;
/* checkup_machine.c: the installation and the kernel's limits */
check_fn check_libc, check_preload, check_engine, check_provider, check_perf, check_ptrace, check_seccomp,
    check_container, check_memory, check_timers, check_descriptors, check_socket_folder;
/* checkup_trace.c: what recording takes */
check_fn check_session_daemon, check_shared_memory;

/* A file of the patient's, or of this process, below /proc: its text in `text`, cut at its size. False when
 * it can't be read. */
bool checkup_proc(const struct patient *patient, const char *file, char *text, size_t size);
/* What follows `key` in such a text, up to the line's end; NULL when it isn't there. The value is in place.
 */
const char *checkup_value(const char *text, const char *key);

#endif
