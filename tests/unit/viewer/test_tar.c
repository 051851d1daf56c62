/* A folder as an archive: what can't be one is refused. That others read it, the integration tests show. */
#include "folder_fixture.h"
#include "viewer/session/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512

static void put(const char *name, size_t len)
{
    char path[300];
    static const char data[2 * BLOCK];
    snprintf(path, sizeof(path), "%s/%s", root, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

static void files_are_padded_to_blocks_and_the_end_is_two(void **state)
{
    (void)state;
    static const struct {
        size_t file, blocks;
    } rows[] = {{0, 0}, {1, 1}, {BLOCK, 1}, {BLOCK + 1, 2}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bytes out;
        put("file", rows[i].file);
        bytes_init(&out, 1 << 20);
        assert_int_equal(tar_folder(root, "trace", &out), 0);
        /* The folder, the file, what is in it, the end. */
        assert_int_equal(out.len, (1 + 1 + rows[i].blocks + 2) * BLOCK);
        assert_memory_equal(out.data, "trace/", 7);
        assert_memory_equal(out.data + BLOCK, "trace/file", 11);
        bytes_clear(&out);
    }
}

static void what_is_neither_file_nor_folder_is_left_out(void **state)
{
    (void)state;
    struct bytes out;
    char path[300];
    snprintf(path, sizeof(path), "%s/link", root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    bytes_init(&out, 1 << 20);
    assert_int_equal(tar_folder(root, "trace", &out), 0);
    assert_int_equal(out.len, 3 * BLOCK);
    bytes_clear(&out);
}

static void what_has_no_room_is_refused(void **state)
{
    (void)state;
    struct bytes out;
    char name[101];
    put("file", BLOCK);
    bytes_init(&out, 4 * BLOCK);
    assert_int_equal(tar_folder(root, "trace", &out), -EFBIG);
    bytes_clear(&out);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    put(name, 1);
    bytes_init(&out, 1 << 20);
    assert_int_equal(tar_folder(root, "trace", &out), -ENAMETOOLONG);
    bytes_clear(&out);
    assert_int_equal(tar_folder("/nonexistent/trace", "trace", &out), -ENOENT);
    bytes_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_are_padded_to_blocks_and_the_end_is_two),
        TEST(what_is_neither_file_nor_folder_is_left_out),
        TEST(what_has_no_room_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
