/* stdio's calls that take a stream's lock: results and contents, streams that can't be used, streams locked
 * by another thread or by the caller, by the caller alone (__fsetlocking), blocked and cancelled. */
#include "transcript.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a program built with _FORTIFY_SOURCE calls. */
int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __vprintf_chk(int flag, const char *format, va_list list);
int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list list);

static FILE *stream;

static int by_list(int which, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int (*volatile not_inlined)(const char *, va_list) = vprintf;
    int result = which == 0   ? not_inlined(format, list)
                 : which == 1 ? vfprintf(stream, format, list)
                 : which == 2 ? __vprintf_chk(1, format, list)
                              : __vfprintf_chk(stream, 1, format, list);
    va_end(list);
    return result;
}

static void write_all(const char *scenario)
{
    TRANSCRIPT_CALL("printf", scenario, printf("%d %s\n", 1, "printf"));
    TRANSCRIPT_CALL("__printf_chk", scenario, __printf_chk(1, "%d %s\n", 2, "printf_chk"));
    TRANSCRIPT_CALL("vprintf", scenario, by_list(0, "%d %s\n", 3, "vprintf"));
    TRANSCRIPT_CALL("__vprintf_chk", scenario, by_list(2, "%d %s\n", 4, "vprintf_chk"));
    TRANSCRIPT_CALL("puts", scenario, puts("puts") < 0);
    TRANSCRIPT_CALL("fprintf", scenario, fprintf(stream, "%d %s\n", 5, "fprintf"));
    TRANSCRIPT_CALL("__fprintf_chk", scenario, __fprintf_chk(stream, 1, "%d %s\n", 6, "fprintf_chk"));
    TRANSCRIPT_CALL("vfprintf", scenario, by_list(1, "%d %s\n", 7, "vfprintf"));
    TRANSCRIPT_CALL("__vfprintf_chk", scenario, by_list(3, "%d %s\n", 8, "vfprintf_chk"));
    TRANSCRIPT_CALL("fputs", scenario, fputs("fputs\n", stream) < 0);
    TRANSCRIPT_CALL("fwrite", scenario, fwrite("fwrite\n", 1, 7, stream));
    TRANSCRIPT_CALL("fflush", scenario, fflush(stream));
    TRANSCRIPT_CALL("fflush of all", scenario, fflush(NULL));
}

static void read_all(const char *scenario)
{
    char text[100] = "", *line = NULL;
    size_t size = 0;
    rewind(stream);
    TRANSCRIPT_CALL("fgets", scenario, fgets(text, sizeof(text), stream) != NULL);
    transcript_line("%s", text);
    ssize_t (*volatile not_inlined)(char **, size_t *, FILE *) = getline;
    TRANSCRIPT_CALL("getline", scenario, not_inlined(&line, &size, stream));
    transcript_line("%s", line ? line : "");
    TRANSCRIPT_CALL("getline, inlined", scenario, getline(&line, &size, stream));
    transcript_line("%s", line ? line : "");
    TRANSCRIPT_CALL("getdelim", scenario, getdelim(&line, &size, 'f', stream));
    transcript_line("%s", line ? line : "");
    memset(text, 0, sizeof(text));
    TRANSCRIPT_CALL("fread", scenario, fread(text, 1, 9, stream));
    transcript_line("%s", text);
    free(line);
}

static long call_printf(int unused)
{
    (void)unused;
    return fprintf(stream, "waited\n");
}

static long call_fgets(int fd)
{
    char text[10];
    FILE *pipe_stream = fdopen(dup(fd), "r");
    return fgets(text, sizeof(text), pipe_stream) != NULL;
}

static void locked_by_another(void)
{
    flockfile(stream);
    struct blocked_thread b = {.call = call_printf};
    blocked_start(&b);
    blocked_until_asleep(&b);
    transcript_line("printed meanwhile: %d", atomic_load(&b.is_done));
    funlockfile(stream);
    blocked_join(&b);
    transcript_result("fprintf", "lock released by another", b.result, b.error);
}

/* Then a lock is none of libc's business, and a call goes through whoever holds it. */
static void locked_by_the_caller_alone(void)
{
    __fsetlocking(stream, FSETLOCKING_BYCALLER);
    flockfile(stream);
    struct blocked_thread b = {.call = call_printf};
    blocked_start(&b);
    blocked_join(&b);
    transcript_result("fprintf", "locking by the caller", b.result, b.error);
    funlockfile(stream);
    __fsetlocking(stream, FSETLOCKING_INTERNAL);
}

static void cancelled_in_a_read(void)
{
    int ends[2];
    if (pipe(ends))
        return;
    struct blocked_thread b = {.call = call_fgets, .where = ends[0]};
    blocked_start(&b);
    transcript_line("fgets cancelled: %d", blocked_cancel(&b));
    transcript_line("cleaned: %d", atomic_load(&b.has_cleaned));
    struct blocked_thread pending = {.call = call_fgets, .where = ends[0], .is_cancel_pending = true};
    blocked_start(&pending);
    transcript_line("fgets with a pending cancel: %d", blocked_join(&pending));
}

int main(void)
{
    char name[] = "/tmp/calls_stdio.XXXXXX";
    transcript_begin();
    int fd = mkstemp(name), out = dup(STDOUT_FILENO);
    /* The transcript goes to descriptor 1 by itself: what stdio prints goes elsewhere. */
    FILE *elsewhere = tmpfile();
    if (fd < 0 || !elsewhere)
        return 1;
    unlink(name);
    stream = fdopen(fd, "w+");
    setvbuf(stdout, NULL, _IOFBF, 4096);
    stdout->_fileno = fileno(elsewhere);
    write_all("alone");
    read_all("alone");
    struct blocked_thread second = {.call = call_printf};
    blocked_start(&second); /* from here on there have been several threads */
    blocked_join(&second);
    write_all("several threads");
    read_all("several threads");
    flockfile(stream);
    flockfile(stdout);
    write_all("locked by the caller");
    funlockfile(stdout);
    funlockfile(stream);
    locked_by_another();
    locked_by_the_caller_alone();
    cancelled_in_a_read();
    TRANSCRIPT_CALL("size", "at the end", ftell(stream));
    TRANSCRIPT_CALL("size", "of stdout", lseek(fileno(elsewhere), 0, SEEK_END));
    close(fd);
    write_all("closed below");
    FILE *read_only = fopen("/dev/null", "r");
    stream = read_only;
    write_all("not for writing");
    close(out);
    _exit(0);
}
