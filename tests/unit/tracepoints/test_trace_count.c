/* Counting what isn't there or isn't a trace; real traces are counted in test_record.py. */
#include "base/compiler.h"
#include "viewer/session/trace_count.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS 30000

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/preflame-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void path_below(char path[PATH_MAX], const char *name)
{
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

static void write_metadata(const char *text, size_t len)
{
    char path[PATH_MAX];
    path_below(path, "ust");
    mkdir(path, 0755);
    path_below(path, "ust/metadata");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static int remove_folder(void **state)
{
    (void)state;
    char path[PATH_MAX];
    path_below(path, "ust/metadata");
    unlink(path);
    path_below(path, "ust");
    rmdir(path);
    return rmdir(folder);
}

static void folder_without_a_trace_counts_nothing(void **state)
{
    (void)state;
    struct trace_count count = {1, 1};
    assert_int_equal(trace_count_events(folder, LONG_MS, &count), 0);
    assert_int_equal(count.events, 0);
    assert_int_equal(count.discarded_events, 0);
}

static void trace_that_nobody_wrote_to_counts_nothing(void **state)
{
    (void)state;
    struct trace_count count;
    write_metadata("", 0);
    assert_int_equal(trace_count_events(folder, LONG_MS, &count), 0);
    assert_int_equal(count.events, 0);
}

static void trace_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    struct trace_count count;
    write_metadata("not CTF", 7);
    assert_int_equal(trace_count_events(folder, LONG_MS, &count), -EIO);
    assert_int_equal(count.events, 0);
}

static void missing_folder_is_an_error(void **state)
{
    (void)state;
    struct trace_count count;
    assert_int_equal(trace_count_events("/missing", LONG_MS, &count), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_without_a_trace_counts_nothing),
        cmocka_unit_test(trace_that_nobody_wrote_to_counts_nothing),
        cmocka_unit_test(trace_that_cannot_be_read_is_an_error),
        cmocka_unit_test(missing_folder_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
