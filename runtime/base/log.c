/* Lines to standard error, by raw system calls: hooks and stdio locks stay out of it. */
#include "base/log.h"

#include "base/private_files.h"
#include "base/quiet_write.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPINS 2000

static enum log_level log_level = LOG_WARN;
static struct stat first_stderr;
static bool has_stderr;
static __thread bool is_apart __attribute__((tls_model("initial-exec"))); /* this thread: see log_apart */

/* Lines that a thread with its own table could not bring to the program's descriptor 2: the kernel gives no
 * copy of it when the first thread has ended, or in some containers. */
static struct {
    _Atomic uint32_t busy; /* protects the rest; given up on rather than waited for, handlers come here */
    size_t used;
    char text[4096];
} kept;

void log_init(enum log_level level)
{
    log_level = level;
    has_stderr = fstat(2, &first_stderr) == 0;
}

/* Writes to the program's descriptor 2, if it is still what it was. */
static void write_line(int fd, const char *line, size_t size)
{
    struct stat now;
    if (fstat(fd, &now) == 0 && now.st_dev == first_stderr.st_dev && now.st_ino == first_stderr.st_ino)
        (void)quiet_write(fd, line, size);
}

static bool enter_kept(void)
{
    for (unsigned i = 0; i < SPINS; i++) {
        /* Acquire: sees what the last thread in there wrote. */
        if (!atomic_exchange_explicit(&kept.busy, 1, memory_order_acquire))
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

static void leave_kept(void)
{
    atomic_store_explicit(&kept.busy, 0, memory_order_release);
}

static void keep(const char *line, size_t size)
{
    if (!enter_kept())
        return;
    if (size <= sizeof(kept.text) - kept.used) {
        memcpy(kept.text + kept.used, line, size);
        kept.used += size;
    }
    leave_kept();
}

void log_apart(void)
{
    is_apart = true;
}

void log_deliver(void)
{
    int error = errno;
    if (has_stderr && !is_apart && enter_kept()) {
        if (kept.used)
            write_line(2, kept.text, kept.used);
        kept.used = 0;
        leave_kept();
    }
    errno = error;
}

static void write_to_program(const char *line, size_t size)
{
    if (!is_apart) {
        write_line(2, line, size);
        return;
    }
    int fd = private_files_borrow(2);
    if (fd < 0) {
        keep(line, size);
        return;
    }
    write_line(fd, line, size);
    syscall(SYS_close, (long)fd);
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char prefix[] = "preflame: ";
    char line[1024];
    int error = errno;
    if (level > log_level || !has_stderr)
        return;
    memcpy(line, prefix, sizeof(prefix));
    size_t used = sizeof(prefix) - 1;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
    va_end(args);
    if (len > 0)
        used += (size_t)len < sizeof(line) - used - 1 ? (size_t)len : sizeof(line) - used - 2;
    line[used++] = '\n';
    write_to_program(line, used);
    errno = error;
}
