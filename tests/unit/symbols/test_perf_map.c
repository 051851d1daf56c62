/* Reading perf maps: what counts, what is skipped, and whose file is read. */
#include "exporters/symbols/perf_map.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const uint64_t addresses[] = {0x1000, 0x1fff, 0x2000, 0x2010, UINT64_MAX};
#define ADDRESSES (sizeof(addresses) / sizeof(addresses[0]))

static struct perf_map map;

static int set_up(void **state)
{
    (void)state;
    return perf_map_init(&map, addresses, ADDRESSES);
}

static int tear_down(void **state)
{
    (void)state;
    perf_map_clear(&map);
    return 0;
}

static void feed(const char *text)
{
    perf_map_feed(&map, text, strlen(text));
}

static void expect(uint64_t address, const char *name)
{
    const char *found = perf_map_find(&map, address);
    if (name)
        assert_string_equal(found ? found : "(none)", name);
    else
        assert_null(found);
}

static void an_address_has_the_name_of_the_code_that_holds_it(void **state)
{
    (void)state;
    feed("1000 1000 JS:*first /a b.js:1:2\n0x2000 10 second\n");
    expect(0x1000, "JS:*first /a b.js:1:2");
    expect(0x1fff, "JS:*first /a b.js:1:2");
    expect(0x2000, "second");
    expect(0x2010, NULL);
    expect(0x1234, NULL); /* not asked for */
}

static void later_code_in_the_same_place_has_it(void **state)
{
    (void)state;
    feed("1000 2000 old\n2000 8 new\n");
    expect(0x1fff, "old");
    expect(0x2000, "new");
    expect(0x2010, "old");
}

static void text_in_pieces_is_the_same_text(void **state)
{
    (void)state;
    const char *text = "1000 10 whole name\n";
    for (; *text; text++)
        perf_map_feed(&map, text, 1);
    expect(0x1000, "whole name");
}

static void lines_that_are_none_are_skipped(void **state)
{
    (void)state;
    feed("\n1000\n1000 10\n1000 10 \nx000 10 hex\n1000 -10 minus\n10000000000001000 10 long\n"
         "fffffffffffffff0 20 wraps around\n1000 0 empty\n2010 1 unfinished");
    for (size_t i = 0; i < ADDRESSES; i++)
        expect(addresses[i], NULL);
    feed(" line\n");
    expect(0x2010, "unfinished line");
}

static void long_names_are_cut_and_controls_shown(void **state)
{
    (void)state;
    char line[3 * PERF_MAP_LINE_MAX];
    memset(line, 'n', sizeof(line));
    memcpy(line, "1000 10 a\033[2J", 13);
    line[sizeof(line) - 1] = 0;
    feed(line);
    feed("\n2000 10 next\n");
    const char *name = perf_map_find(&map, 0x1000);
    assert_non_null(name);
    assert_int_equal(strncmp(name, "a?[2Jnn", 7), 0);
    assert_true(strlen(name) < PERF_MAP_LINE_MAX);
    expect(0x2000, "next");
}

/* --- files --- */

static char path[64];

static void write_map(mode_t mode)
{
    snprintf(path, sizeof(path), "/tmp/preflame-test-%d.map", (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    static const char text[] = "1000 10 in a file\n";
    assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
    close(fd);
}

static void a_file_of_ours_is_read_and_a_missing_one_is_empty(void **state)
{
    (void)state;
    write_map(0600);
    assert_int_equal(perf_map_read(&map, path), 0);
    expect(0x1000, "in a file");
    unlink(path);
    assert_int_equal(perf_map_read(&map, path), 0);
}

static void links_pipes_and_folders_are_refused(void **state)
{
    (void)state;
    char other[sizeof(path) + 8];
    write_map(0600);
    snprintf(other, sizeof(other), "%s.other", path);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(perf_map_read(&map, other), -EPERM);
    unlink(other);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(perf_map_read(&map, other), -EPERM);
    unlink(other);
    assert_int_equal(perf_map_read(&map, "/tmp"), -EPERM);
    expect(0x1000, NULL);
    unlink(path);
}

static void a_strangers_file_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        assert_int_equal(perf_map_read(&map, "/etc/passwd"),
                         0); /* root's is read: there are no names in it */
        return;
    }
    write_map(0644);
    assert_int_equal(chown(path, 65534, 65534), 0);
    assert_int_equal(perf_map_read(&map, path), -EPERM);
    expect(0x1000, NULL);
    unlink(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_address_has_the_name_of_the_code_that_holds_it),
        TEST(later_code_in_the_same_place_has_it),
        TEST(text_in_pieces_is_the_same_text),
        TEST(lines_that_are_none_are_skipped),
        TEST(long_names_are_cut_and_controls_shown),
        TEST(a_file_of_ours_is_read_and_a_missing_one_is_empty),
        TEST(links_pipes_and_folders_are_refused),
        TEST(a_strangers_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
