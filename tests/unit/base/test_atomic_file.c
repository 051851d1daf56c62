/* Tests of writing files whole or not at all. */
#include "base/atomic_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_headers.h"

static char folder[256], path[300];

static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/preflame-test-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void expect_contents(const char *expected)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_int_equal(len, strlen(expected));
    assert_string_equal(text, expected);
}

static int entries_in_folder(void)
{
    int count = -2; /* . and .. */
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void a_file_appears_private_and_alone(void **state)
{
    (void)state;
    struct stat info;
    umask(0);
    assert_int_equal(atomic_file_write(path, "hello", 5, false), 0);
    expect_contents("hello");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(entries_in_folder(), 1);
}

static void an_existing_file_is_replaced_whole(void **state)
{
    (void)state;
    assert_int_equal(atomic_file_write(path, "a longer text", 13, false), 0);
    assert_int_equal(atomic_file_write(path, "new", 3, false), 0);
    expect_contents("new");
    assert_int_equal(atomic_file_write(path, "", 0, false), 0);
    expect_contents("");
    assert_int_equal(entries_in_folder(), 1);
}

static void exclusive_keeps_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(atomic_file_write(path, "mine", 4, true), 0);
    assert_int_equal(atomic_file_write(path, "other", 5, true), -EEXIST);
    expect_contents("mine");
    assert_int_equal(entries_in_folder(), 1);
}

static void a_link_at_the_path_is_replaced_not_followed(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(atomic_file_write(path, "x", 1, true), -EEXIST);
    assert_int_equal(atomic_file_write(path, "x", 1, false), 0);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    expect_contents("x");
}

static void a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    static char big[8192];
    struct rlimit before, small;
    assert_int_equal(atomic_file_write(path, "old", 3, false), 0);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int error = atomic_file_write(path, big, sizeof(big), false);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(error, -EFBIG);
    expect_contents("old");
    assert_int_equal(entries_in_folder(), 1);
}

static void bad_paths_are_errors(void **state)
{
    (void)state;
    char missing[400], longer[5000];
    snprintf(missing, sizeof(missing), "%s/no/such/folder", folder);
    assert_int_equal(atomic_file_write(missing, "x", 1, false), -ENOENT);
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = 0;
    assert_int_equal(atomic_file_write(longer, "x", 1, false), -ENAMETOOLONG);
    assert_int_equal(entries_in_folder(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_appears_private_and_alone, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(an_existing_file_is_replaced_whole, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(exclusive_keeps_what_is_there, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(a_link_at_the_path_is_replaced_not_followed, make_folder,
                                        drop_folder),
        cmocka_unit_test_setup_teardown(a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else,
                                        make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(bad_paths_are_errors, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
