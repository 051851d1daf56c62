/* The command: pipes and files in and out, refusals, and nothing half-written. */
#include "exporters/symbols/symbolize.h"
#include "fixture.h"
#include "profiles.h"
#include "viewer/cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIE FIXTURES "/shop_pie"

/* Runs the command in a child with these descriptors as standard input, output and error; its exit status. */
static int run(char **argv, int in, int out, int err)
{
    int argc = 0, status = 0;
    while (argv[argc])
        argc++;
    pid_t child = fork();
    if (!child) {
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        int result = cmd_symbolize(argc, argv);
        fflush(NULL);
        _exit(result);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct bytes contents(int fd)
{
    struct bytes data;
    ssize_t done = 1;
    bytes_init(&data, 1 << 24);
    lseek(fd, 0, SEEK_SET);
    while (done > 0) {
        uint8_t *to = bytes_reserve(&data, 4096);
        done = read(fd, to, 4096);
        data.len += done > 0 ? (size_t)done : 0;
    }
    return data;
}

static int memory_file(const void *data, size_t len)
{
    int fd = memfd_create("test", 0);
    assert_int_equal(write(fd, data, len), len);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* A profile with one address, encoded. */
static struct bytes encoded(bool is_compressed)
{
    struct bytes data;
    struct profile *in = profile_over(PIE, LOADED_AT, PIE, "");
    profile_add_at(in, PIE, LOADED_AT, "mark_put", 0);
    bytes_init(&data, 1 << 20);
    assert_int_equal(is_compressed ? profile_encode_gzip(in, &data) : profile_encode(in, &data), 0);
    profile_free(in);
    return data;
}

static void check_result(int fd)
{
    struct bytes data = contents(fd);
    struct profile *p = NULL;
    assert_in_range(data.len, 20, 1 << 20);
    assert_int_equal(data.data[0], 0x1f); /* gzip */
    assert_int_equal(profile_decode(data.data, data.len, 1 << 24, &p, NULL), 0);
    assert_int_equal(p->locations.count, 1);
    assert_string_equal(shown_at(p, &p->locations.data[0], 0), "shop::Box::put");
    profile_free(p);
    bytes_clear(&data);
}

/* Exactly one line on stderr. */
static void check_complaint(int err)
{
    struct bytes text = contents(err);
    const char *line = bytes_text(&text);
    assert_true(strncmp(line, "preflame: ", 10) == 0);
    assert_ptr_equal(strchr(line, '\n'), line + text.len - 1);
    bytes_clear(&text);
}

static void raw_and_compressed_profiles_go_through_memory_files(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"symbolize"}, (char[]){"--no-cache"}, NULL};
    for (int is_compressed = 0; is_compressed < 2; is_compressed++) {
        struct bytes data = encoded(is_compressed);
        int in = memory_file(data.data, data.len), out = memory_file("", 0), err = memory_file("", 0);
        assert_int_equal(run(argv, in, out, err), 0);
        check_result(out);
        close(in), close(out), close(err);
        bytes_clear(&data);
    }
}

static void profile_goes_through_pipes(void **state)
{
    (void)state;
    char *argv[] = {(char[]){"symbolize"}, (char[]){"--no-cache"}, (char[]){"-"}, NULL};
    struct bytes data = encoded(true);
    int in[2], out[2], err = memory_file("", 0);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(write(in[1], data.data, data.len), data.len); /* less than a pipe holds */
    close(in[1]);
    assert_int_equal(run(argv, in[0], out[1], err), 0);
    close(out[1]);
    struct bytes result = contents(out[0]);
    int copy = memory_file(result.data, result.len);
    check_result(copy);
    close(in[0]), close(out[0]), close(copy), close(err);
    bytes_clear(&result);
    bytes_clear(&data);
}

static void output_file_and_cache_are_written_where_asked(void **state)
{
    (void)state;
    char *folder = fixture_folder(), output[256], cache[256];
    snprintf(output, sizeof(output), "%s/out.pprof", folder);
    snprintf(cache, sizeof(cache), "--cache=%s/cache", folder);
    char *argv[] = {(char[]){"symbolize"}, (char[]){"-o"}, output, cache, NULL};
    struct bytes data = encoded(true);
    int in = memory_file(data.data, data.len), out = memory_file("", 0);
    assert_int_equal(run(argv, in, out, STDERR_FILENO), 0);
    int written = open(output, O_RDONLY);
    check_result(written);
    assert_int_equal(lseek(out, 0, SEEK_END), 0);
    assert_int_equal(access(cache + strlen("--cache="), F_OK), 0);
    close(written), close(in), close(out);
    bytes_clear(&data);
    fixture_remove_folder(folder);
}

static void default_cache_follows_xdg(void **state)
{
    (void)state;
    char *folder = fixture_folder(), cache[256];
    snprintf(cache, sizeof(cache), "%s/preflame", folder);
    setenv("XDG_CACHE_HOME", folder, 1);
    char *argv[] = {(char[]){"symbolize"}, NULL};
    struct bytes data = encoded(true);
    int in = memory_file(data.data, data.len), out = memory_file("", 0);
    assert_int_equal(run(argv, in, out, STDERR_FILENO), 0);
    assert_int_equal(access(cache, F_OK), 0);
    unsetenv("XDG_CACHE_HOME");
    close(in), close(out);
    bytes_clear(&data);
    fixture_remove_folder(folder);
}

static void nonsense_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    char *folder = fixture_folder(), output[256];
    snprintf(output, sizeof(output), "%s/out.pprof", folder);
    char *argv[] = {(char[]){"symbolize"}, (char[]){"--no-cache"}, (char[]){"-o"}, output, NULL};
    int in = memory_file("no profile", 10), out = memory_file("", 0), err = memory_file("", 0);
    assert_int_equal(run(argv, in, out, err), 1);
    check_complaint(err);
    assert_int_equal(access(output, F_OK), -1);
    close(in), close(out), close(err);
    fixture_remove_folder(folder);
}

static void missing_input_and_unwritable_output_are_said_once(void **state)
{
    (void)state;
    char *missing[] = {(char[]){"symbolize"}, (char[]){"--no-cache"}, (char[]){"/nonexistent.pprof"}, NULL};
    char *unwritable[] = {(char[]){"symbolize"}, (char[]){"--no-cache"}, (char[]){"-o"},
                          (char[]){"/nonexistent/out"}, NULL};
    struct bytes data = encoded(true);
    int in = memory_file(data.data, data.len), out = memory_file("", 0);
    char **const failing[] = {missing, unwritable};
    for (size_t i = 0; i < ARRAY_SIZE(failing); i++) {
        int err = memory_file("", 0);
        assert_int_equal(run(failing[i], in, out, err), 1);
        check_complaint(err);
        assert_int_equal(lseek(out, 0, SEEK_END), 0);
        close(err);
    }
    close(in), close(out);
    bytes_clear(&data);
}

static void wrong_usage_is_status_2_and_help_is_0(void **state)
{
    (void)state;
    char *two[] = {(char[]){"symbolize"}, (char[]){"a"}, (char[]){"b"}, NULL};
    char *unknown[] = {(char[]){"symbolize"}, (char[]){"--wrong"}, NULL};
    char *help[] = {(char[]){"symbolize"}, (char[]){"--help"}, NULL};
    int in = memory_file("", 0), out = memory_file("", 0), err = memory_file("", 0);
    assert_int_equal(run(two, in, out, err), 2);
    assert_int_equal(run(unknown, in, out, err), 2);
    assert_int_equal(lseek(out, 0, SEEK_END), 0);
    assert_int_equal(run(help, in, out, err), 0);
    struct bytes text = contents(out);
    assert_non_null(strstr(bytes_text(&text), "usage: preflame symbolize"));
    bytes_clear(&text);
    close(in), close(out), close(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_and_compressed_profiles_go_through_memory_files),
        cmocka_unit_test(profile_goes_through_pipes),
        cmocka_unit_test(output_file_and_cache_are_written_where_asked),
        cmocka_unit_test(default_cache_follows_xdg),
        cmocka_unit_test(nonsense_is_refused_and_nothing_is_written),
        cmocka_unit_test(missing_input_and_unwritable_output_are_said_once),
        cmocka_unit_test(wrong_usage_is_status_2_and_help_is_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
