/* Commands before they run: where they are found, and what stands in a preload's way. */
#include "base/compiler.h"
#include "viewer/session/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char found[PATH_MAX];

static const char *write_file(const char *name, const void *data, size_t len, mode_t mode)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static const char *write_elf(const char *name, uint32_t segment_type, size_t len)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segment;
    } elf = {.header = {.e_machine = EM_X86_64,
                        .e_phoff = sizeof(Elf64_Ehdr),
                        .e_phentsize = sizeof(Elf64_Phdr),
                        .e_phnum = 1},
             .segment = {.p_type = segment_type}};
    memcpy(elf.header.e_ident, ELFMAG, SELFMAG);
    elf.header.e_ident[EI_CLASS] = ELFCLASS64;
    return write_file(name, &elf, len < sizeof(elf) ? len : sizeof(elf), 0755);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/preflame-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"second/tool", "second", "tool", "elf", "script", "short", "small"};
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        remove(path);
    }
    return rmdir(folder);
}

static void name_is_found_on_the_path_behind_one_that_cannot_run(void **state)
{
    (void)state;
    char dirs[256];
    char expected[PATH_MAX];
    snprintf(expected, sizeof(expected), "%s/second", folder);
    assert_int_equal(mkdir(expected, 0755), 0);
    write_file("tool", "x", 1, 0644);
    write_file("second/tool", "x", 1, 0755);
    snprintf(dirs, sizeof(dirs), "/missing::%s:%s/second", folder, folder);
    setenv("PATH", dirs, 1);
    assert_int_equal(target_find("tool", found, sizeof(found)), 0);
    snprintf(expected, sizeof(expected), "%s/second/tool", folder);
    assert_string_equal(found, expected);
    setenv("PATH", folder, 1);
    assert_int_equal(target_find("tool", found, sizeof(found)), -EACCES);
    assert_int_equal(target_find("other", found, sizeof(found)), -ENOENT);
}

static void name_with_a_slash_is_a_path(void **state)
{
    (void)state;
    setenv("PATH", "/missing", 1);
    assert_int_equal(target_find("/bin/sh", found, sizeof(found)), 0);
    assert_string_equal(found, "/bin/sh");
    assert_int_equal(target_find("/bin/sh/x", found, sizeof(found)), -ENOENT);
    assert_int_equal(target_find("/", found, sizeof(found)), -EACCES);
    assert_int_equal(target_find("", found, sizeof(found)), -ENOENT);
    assert_int_equal(target_find("/bin/sh", found, 4), -ENAMETOOLONG);
}

static void program_without_an_interpreter_is_static(void **state)
{
    (void)state;
    const char *obstacle = target_preload_obstacle(write_elf("elf", PT_LOAD, SIZE_MAX));
    assert_non_null(obstacle);
    assert_non_null(strstr(obstacle, "statically linked"));
    assert_null(target_preload_obstacle(write_elf("elf", PT_INTERP, SIZE_MAX)));
    assert_null(target_preload_obstacle("/bin/sh"));
}

static void script_is_judged_by_its_interpreter(void **state)
{
    (void)state;
    char script[128];
    write_elf("elf", PT_LOAD, SIZE_MAX);
    int len = snprintf(script, sizeof(script), "#! %s/elf -x\necho\n", folder);
    assert_non_null(target_preload_obstacle(write_file("script", script, (size_t)len, 0755)));
    assert_null(target_preload_obstacle(write_file("script", "#!/bin/sh\n", 10, 0755)));
    assert_null(target_preload_obstacle(write_file("script", "#!", 2, 0755)));
}

static void cut_file_says_nothing(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); len++)
        if (len > EI_CLASS) /* before that it isn't seen to be one of 64 bits */
            assert_null(target_preload_obstacle(write_elf("short", PT_LOAD, len)));
    assert_null(target_preload_obstacle(write_elf("short", PT_LOAD, 0)));
    assert_null(target_preload_obstacle("/missing"));
}

static void program_of_32_bits_cannot_take_our_library(void **state)
{
    (void)state;
    static const char head[64] = {0x7f, 'E', 'L', 'F', ELFCLASS32};
    const char *obstacle = target_preload_obstacle(write_file("small", head, sizeof(head), 0755));
    assert_non_null(obstacle);
    assert_non_null(strstr(obstacle, "32-bit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_is_found_on_the_path_behind_one_that_cannot_run),
        cmocka_unit_test(name_with_a_slash_is_a_path),
        cmocka_unit_test(program_without_an_interpreter_is_static),
        cmocka_unit_test(script_is_judged_by_its_interpreter),
        cmocka_unit_test(cut_file_says_nothing),
        cmocka_unit_test(program_of_32_bits_cannot_take_our_library),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
