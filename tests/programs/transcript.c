/* Transcript lines and the scenarios of a row. */
#include "transcript.h"
#include "storm.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_signal(int number)
{
    (void)number;
}

void transcript_begin(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    alarm(60);
    storm_here();
}

void transcript_line(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (len < 0) {
        return;
    }
    size_t used = (size_t)len < sizeof line - 2 ? (size_t)len : sizeof line - 2;
    line[used] = '\n';
    syscall(SYS_write, 1, line, used + 1);
}

void transcript_result(const char *name, const char *scenario, long result, int error)
{
    if (result == -1) {
        const char *text = strerrorname_np(error);
        transcript_line("%s %s = -1 %s", name, scenario, text != NULL ? text : "?");
    } else {
        transcript_line("%s %s = %ld", name, scenario, result);
    }
}

static void release(const struct call_row *row)
{
    if (row->release != NULL) {
        row->release();
    }
}

/* Where in time a scenario lies, for who compares it with what was recorded: a line of JSON, by plain system
 * calls, to the file that TRANSCRIPT_WINDOWS names. */
static void note(const struct call_row *row, const char *scenario, int tid, int where, int64_t from_ns,
                 long result, int error)
{
    char line[512];
    const char *path = getenv("TRANSCRIPT_WINDOWS");
    if (path == NULL) {
        return;
    }
    int len =
        snprintf(line, sizeof line,
                 "{\"call\": \"%s\", \"scenario\": \"%s\", \"tid\": %d, \"where\": %d, \"from_ns\": %" PRId64
                 ", \"until_ns\": %" PRId64 ", \"error\": %d}\n",
                 row->name, scenario, tid, where, from_ns, clock_mono_ns(), result == -1 ? error : 0);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    syscall(SYS_write, fd, line, len);
    syscall(SYS_close, fd);
}

static void try_plain(const struct call_row *row, place_fn place, const char *scenario)
{
    if (place == NULL) {
        return;
    }
    int where = place();
    int64_t from_ns = clock_mono_ns();
    errno = ENOTBLK; /* a value no call here sets: success must leave it alone */
    long result = row->call(where);
    int error = errno;
    note(row, scenario, (int)syscall(SYS_gettid), where, from_ns, result, error);
    transcript_result(row->name, scenario, result, error);
    if (result != -1 && error != ENOTBLK) {
        transcript_line("%s %s changed errno to %d", row->name, scenario, error);
    }
    release(row);
}

static void try_interrupt(const struct call_row *row)
{
    struct blocked_thread b = {.call = row->call, .where = row->blocked()};
    int64_t from_ns = clock_mono_ns();
    blocked_start(&b);
    blocked_interrupt(&b);
    note(row, "interrupted", atomic_load(&b.tid), b.where, from_ns, b.result, b.error);
    transcript_result(row->name, "interrupted", b.result, b.error);
    release(row);
}

static void try_cancel(const struct call_row *row, bool is_asynchronous)
{
    struct blocked_thread b = {
        .call = row->call, .where = row->blocked(), .is_asynchronous = is_asynchronous};
    blocked_start(&b);
    bool was_cancelled = blocked_cancel(&b);
    transcript_line("%s cancelled %swhile blocked: %s, cleanup %s", row->name,
                    is_asynchronous ? "asynchronously " : "", was_cancelled ? "yes" : "no",
                    b.has_cleaned ? "ran" : "did not run");
    release(row);
}

static void try_pending_cancel(const struct call_row *row)
{
    struct blocked_thread b = {.call = row->call, .where = row->ready(), .is_cancel_pending = true};
    blocked_start(&b);
    bool was_cancelled = blocked_join(&b);
    transcript_line("%s with a cancel pending: %s, cleanup %s", row->name,
                    was_cancelled ? "cancelled" : "not cancelled", b.has_cleaned ? "ran" : "did not run");
    release(row);
}

void transcript_rows(const struct call_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        try_plain(&rows[i], rows[i].ready, "ready");
        try_plain(&rows[i], rows[i].bad, "bad");
        if (rows[i].blocked != NULL && (rows[i].flags & CALL_IS_INTERRUPTED) != 0) {
            try_interrupt(&rows[i]);
        }
        if (rows[i].blocked != NULL && (rows[i].flags & CALL_IS_CANCELLED) != 0) {
            try_cancel(&rows[i], false);
            try_cancel(&rows[i], true);
        }
        if (rows[i].ready != NULL && (rows[i].flags & CALL_IS_CANCELLED) != 0) {
            try_pending_cancel(&rows[i]);
        }
    }
}
