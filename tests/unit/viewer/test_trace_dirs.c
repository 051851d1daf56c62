/* Finding traces. */
#include "fixture.h"
#include "viewer/ctf/trace_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/preflame-test-XXXXXX";

static void put(const char *folder, const char *file)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", root, folder);
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    snprintf(path, sizeof(path), "%s/%s/%s", root, folder, file);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void folders_with_metadata_are_found_in_order(void **state)
{
    (void)state;
    struct trace_dirs dirs;
    char expected[256];
    put("b", "metadata");
    put("a", "metadata");
    put("c", "other");
    assert_int_equal(trace_dirs_find(root, &dirs), 0);
    assert_int_equal(dirs.count, 2);
    snprintf(expected, sizeof(expected), "%s/a", root);
    assert_string_equal(dirs.paths[0], expected);
    trace_dirs_clear(&dirs);
}

static void missing_folder_and_plain_file_are_errors(void **state)
{
    (void)state;
    struct trace_dirs dirs;
    char path[256];
    assert_int_equal(trace_dirs_find("/nonexistent/trace", &dirs), -ENOENT);
    put("c", "other");
    snprintf(path, sizeof(path), "%s/c/other", root);
    assert_int_equal(trace_dirs_find(path, &dirs), -ENOTDIR);
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    static const char *const left[] = {"a/metadata", "b/metadata", "c/other", "a", "b", "c", ""};
    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", root, left[i]);
        remove(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_with_metadata_are_found_in_order),
        cmocka_unit_test(missing_folder_and_plain_file_are_errors),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
