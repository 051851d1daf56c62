/* The program sees none of the server's descriptors, and cannot close them. */
#include "cmocka_headers.h"

#include "exporters/high_fd.h"
#include "http_client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program's descriptors and what they are, as lines. Below `limit` only. */
static char *list_descriptors(int limit)
{
    size_t size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char target[256] = "";
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd < limit && fd != dirfd(folder) &&
            readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1) > 0)
            fprintf(out, "%d %s\n", fd, target);
    }
    closedir(folder);
    fclose(out);
    return text;
}

static void program_keeps_its_descriptors_and_gets_none_of_ours(void **state)
{
    static const char *const argv[] = {"/bin/gzip", "-c", NULL};
    char *before = list_descriptors(INT32_MAX);
    start(argv, 0);
    int client = connect_unix(f.path);
    char *connected = list_descriptors(INT32_MAX); /* our end only */
    send_text(client, "GET /debug/preflame/self HTTP/1.1\r\n\r\n");
    assert_readable(client);
    char *answered = list_descriptors(INT32_MAX);
    assert_string_equal(answered, connected);
    close(client);
    char *served = list_descriptors(INT32_MAX);
    assert_string_equal(served, before);
    client = connect_unix(f.path);
    char *again = list_descriptors(INT32_MAX);
    send_text(client, "GET /debug/pprof/profile?seconds=1 HTTP/1.1\r\n\r\n");
    wait_for(&f.fake.stops, 1); /* the helper is at work, or will be at once */
    char *helping = list_descriptors(INT32_MAX);
    assert_string_equal(helping, again);
    assert_readable(client);
    close(client);
    stop(state);
    char *after = list_descriptors(INT32_MAX);
    assert_string_equal(after, before);
    char *texts[] = {before, connected, answered, served, again, helping, after};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free(texts[i]);
}

static void server_holds_none_of_the_programs_files_open(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    start(NULL, 0);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* the last writer is gone */
    close(ends[0]);
}

/* In a child, as cmocka needs its descriptors. Its exit status counts failures. */
static void program_that_closes_everything_keeps_being_served(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        start(NULL, 0);
        for (int fd = 0; fd < 4096; fd++)
            close(fd);
        int failed = !begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n");
        failed += !ends(ask("GET /debug/pprof/symbol?0x1234 HTTP/1.0\r\n\r\n"), "fake_work\n");
        stop(NULL);
        _exit(failed);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void forked_child_has_nothing_of_ours_and_the_parent_serves_on(void **state)
{
    (void)state;
    char *before = list_descriptors(INT32_MAX);
    pid_t child = fork();
    if (child == 0) {
        http_server_stop(f.served.server); /* must not reach the parent */
        http_server_drop_in_child(f.served.server);
        char *here = list_descriptors(INT32_MAX);
        _exit(strcmp(here, before) != 0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(before);
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n"));
}

/* From here on this process and its children may not part descriptor tables. */
static void refuse_private_tables(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = ARRAY_SIZE(rules), .filter = rules};
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static int serve_in_the_programs_table(void)
{
    refuse_private_tables();
    char *before = list_descriptors(HIGH_FD_FLOOR);
    start(NULL, 0);
    char *serving = list_descriptors(HIGH_FD_FLOOR);
    int failed = strcmp(serving, before) != 0;
    failed += !begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n");
    int client = connect_unix(f.path);
    send_text(client, "GET /debug/preflame/self HTTP/1.1\r\n\r\n");
    assert_readable(client);
    pid_t child = fork();
    if (child == 0) {
        http_server_drop_in_child(f.served.server);
        close(client);
        char *mine = list_descriptors(INT32_MAX);
        _exit(strcmp(mine, before) != 0);
    }
    int status = -1;
    failed += waitpid(child, &status, 0) != child || status != 0;
    close(client);
    failed += !begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n");
    stop(NULL);
    free(before);
    free(serving);
    return failed;
}

static void without_a_table_of_its_own_the_server_stays_above_the_program(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(serve_in_the_programs_table());
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, start_plain, stop)
#define ALONE(test) cmocka_unit_test_teardown(test, stop)
    const struct CMUnitTest tests[] = {
        ALONE(program_keeps_its_descriptors_and_gets_none_of_ours),
        ALONE(server_holds_none_of_the_programs_files_open),
        cmocka_unit_test(program_that_closes_everything_keeps_being_served),
        SERVED(forked_child_has_nothing_of_ours_and_the_parent_serves_on),
        cmocka_unit_test(without_a_table_of_its_own_the_server_stays_above_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
