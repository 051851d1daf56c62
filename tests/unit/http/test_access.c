/* Who may look. */
#include "cmocka_headers.h"

#include "exporters/http/access.h"
#include "http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN "s3cret-Token_0"
#define SELF_WITH(headers) "GET /debug/preflame/self HTTP/1.0\r\n" headers "\r\n"

static void only_the_owner_and_root_may_ask(void **state)
{
    (void)state;
    assert_true(access_is_owner(1000, 1000));
    assert_true(access_is_owner(0, 1000));
    assert_true(access_is_owner(0, 0));
    assert_false(access_is_owner(1001, 1000));
    assert_false(access_is_owner(1000, 0));
    assert_false(access_is_owner(65534, 1000));
}

/* As another user where that can be, who got in through a folder and a file that were opened to all. Exits
 * with 0 when it is served, with 1 when it is told to go. */
static _Noreturn void ask_as_another(void)
{
    if (geteuid() == 0 && setresuid(65534, 65534, 65534))
        _exit(2);
    const char *got = ask(REQUEST_SELF);
    _exit(begins(got, "HTTP/1.0 200 OK\r\n") ? 0 : begins(got, "HTTP/1.0 403 Forbidden\r\n") ? 1 : 3);
}

static void other_users_are_refused_on_an_open_socket_too(void **state)
{
    (void)state;
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/made", f.folder);
    assert_int_equal(chmod(f.folder, 0711), 0);
    assert_int_equal(chmod(folder, 0711), 0);
    assert_int_equal(chmod(f.path, 0666), 0);
    pid_t child = fork();
    if (child == 0)
        ask_as_another();
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), geteuid() == 0 ? 1 : 0);
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n"));
}

/* What binding to `name` in f.folder comes to. */
static int bind_at(const char *name)
{
    char path[108];
    struct listen_file file = {.inode = 0};
    snprintf(path, sizeof(path), "%.60s/%.30s", f.folder, name);
    int fd = listen_unix(path, &file);
    listen_file_remove(&file);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? fd : 0;
}

static void folder_must_be_ours_and_closed(void **state)
{
    (void)state;
    char inner[108], link[108];
    make_folder();
    snprintf(inner, sizeof(inner), "%.60s/inner", f.folder);
    snprintf(link, sizeof(link), "%.60s/link", f.folder);
    umask(0);
    assert_int_equal(bind_at("inner/1.sock"), 0); /* made, and 0700 whatever the umask */
    for (mode_t open_bit = 1; open_bit <= 040; open_bit <<= 1) {
        assert_int_equal(chmod(inner, 0700 | open_bit), 0);
        assert_int_equal(bind_at("inner/1.sock"), -EPERM);
    }
    assert_int_equal(chmod(inner, 0700), 0);
    assert_int_equal(bind_at("inner/1.sock"), 0);
    assert_int_equal(symlink(inner, link), 0);
    assert_int_equal(bind_at("link/1.sock"), -ENOTDIR);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("/nowhere/at/all", link), 0);
    assert_int_equal(bind_at("link/1.sock"), -ENOTDIR);
    assert_int_equal(unlink(link), 0);
    fclose(fopen(link, "w"));
    assert_int_equal(bind_at("link/1.sock"), -ENOTDIR);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(bind_at("missing/folder/1.sock"), -ENOENT);
    if (geteuid() == 0) {
        assert_int_equal(chown(inner, 65534, 65534), 0);
        assert_int_equal(bind_at("inner/1.sock"), -EPERM);
    }
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(f.folder), 0);
}

/* A socket file at `path` that nobody listens on any more, with what it is. */
static struct stat leave_stale(const char *path)
{
    struct listen_file file;
    struct stat info;
    close(listen_unix(path, &file));
    assert_int_equal(lstat(path, &info), 0);
    return info;
}

static void only_stale_sockets_of_ours_are_removed(void **state)
{
    (void)state;
    char link[108];
    struct stat before, after;
    make_folder();
    snprintf(f.path, sizeof(f.path), "%.60s/1.sock", f.folder);
    snprintf(link, sizeof(link), "%.60s/2.sock", f.folder);
    leave_stale(f.path);
    assert_int_equal(bind_at("1.sock"), 0);
    before = leave_stale(f.path);
    assert_int_equal(symlink(f.path, link), 0);
    assert_int_equal(bind_at("2.sock"), -EADDRINUSE);
    if (geteuid() == 0) {
        assert_int_equal(chown(f.path, 65534, 65534), 0);
        assert_int_equal(bind_at("1.sock"), -EADDRINUSE);
    }
    assert_int_equal(lstat(f.path, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(f.path), 0);
    assert_int_equal(rmdir(f.folder), 0);
}

static void file_that_took_our_sockets_place_stays(void **state)
{
    (void)state;
    char aside[120];
    snprintf(aside, sizeof(aside), "%s.aside", f.path);
    assert_int_equal(rename(f.path, aside), 0);
    fclose(fopen(f.path, "w"));
    http_server_unlink(f.served.server);
    assert_int_equal(access(f.path, F_OK), 0);
    assert_int_equal(rename(aside, f.path), 0);
    http_server_unlink(f.served.server);
    assert_int_equal(access(f.path, F_OK), -1);
}

static void token_is_read_from_both_schemes(void **state)
{
    (void)state;
    static const char *const good[] = {
        "Bearer s3cret-Token_0", "bearer  s3cret-Token_0", "Basic OnMzY3JldC1Ub2tlbl8w",
        "Basic dXNlcjpzM2NyZXQtVG9rZW5fMA==", "BASIC dXNlcjpzM2NyZXQtVG9rZW5fMA"};
    static const char *const bad[] = {NULL,
                                      "",
                                      TOKEN,
                                      "Bearer",
                                      "Bearer ",
                                      "Bearers3cret-Token_0",
                                      "Bearer s3cret-Token_",
                                      "Bearer s3cret-Token_00",
                                      "Bearer s3cret-Token_0s3cret-Token_0",
                                      "Bearer S3cret-Token_0",
                                      "Basic",
                                      "Basic ",
                                      "Basic =",
                                      "Basic czNjcmV0LVRva2VuXzA=",         /* no colon */
                                      "Basic czNjcmV0LVRva2VuXzA6",         /* the name, not the password */
                                      "Basic dXNlcjpzM2NyZXQtVG9rZW5fMA=x", /* bytes behind the padding */
                                      "Basic dXNlcjpzM2NyZXQtVG9rZW5f*A==",
                                      "Digest s3cret-Token_0"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(access_has_token(good[i], TOKEN));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(access_has_token(bad[i], TOKEN));
    assert_false(access_has_token("Bearer ", ""));
    assert_false(access_has_token("Basic Og==", "")); /* ":" */
    char *longest = malloc(16384);
    assert_non_null(longest);
    memset(longest, 'A', 16383);
    longest[16383] = 0;
    memcpy(longest, "Basic ", 6);
    assert_false(access_has_token(longest, TOKEN));
    free(longest);
}

static int start_with_token(void **state)
{
    (void)state;
    make_folder();
    start_with((struct http_options){.token = TOKEN});
    return 0;
}

static void tcp_asks_for_the_token_and_the_socket_does_not(void **state)
{
    (void)state;
    static const char with_nonsense[] = SELF_WITH("Authorization: Bearer nonsense\r\n");
    static const char *const refused[] = {
        REQUEST_SELF,
        with_nonsense,
        "GET / HTTP/1.0\r\n\r\n",
        "GET /nothing HTTP/1.0\r\n\r\n",
        "GET /debug/pprof/profile?seconds=1 HTTP/1.0\r\n\r\n",
        "POST /debug/pprof/symbol HTTP/1.0\r\nContent-Length: 3\r\n\r\n0x1"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        const char *got = ask_tcp(refused[i]);
        assert_true(begins(got, "HTTP/1.0 401 Unauthorized\r\n"));
        assert_non_null(
            strstr(got, "WWW-Authenticate: Bearer realm=\"preflame\", Basic realm=\"preflame\"\r\n"));
        assert_null(strstr(got, TOKEN));
    }
    assert_int_equal(atomic_load(&f.fake.starts), 0);
    const char *got = ask_tcp(SELF_WITH("Authorization: Bearer " TOKEN "\r\n"));
    assert_true(begins(got, "HTTP/1.0 200 OK\r\n"));
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n"));
    /* No page in a browser knows it: any Host will do. */
    got = ask_tcp(SELF_WITH("Host: server.example\r\nAuthorization: Bearer " TOKEN "\r\n"));
    assert_true(begins(got, "HTTP/1.0 200 OK\r\n"));
}

static void token_that_is_too_long_is_an_error(void **state)
{
    (void)state;
    char token[257];
    struct http_server *server = NULL;
    struct http_options options = {.tcp_host = "", .token = token};
    memset(token, 't', sizeof(token));
    token[256] = 0;
    fake_source_init(&f.fake);
    assert_int_equal(http_server_new(&options, &f.fake.source, &server), -ENAMETOOLONG);
    token[255] = 0;
    assert_int_equal(http_server_new(&options, &f.fake.source, &server), 0);
    http_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_owner_and_root_may_ask),
        cmocka_unit_test_setup_teardown(other_users_are_refused_on_an_open_socket_too, start_plain, stop),
        cmocka_unit_test(folder_must_be_ours_and_closed),
        cmocka_unit_test(only_stale_sockets_of_ours_are_removed),
        cmocka_unit_test_setup_teardown(file_that_took_our_sockets_place_stays, start_plain, stop),
        cmocka_unit_test(token_is_read_from_both_schemes),
        cmocka_unit_test_setup_teardown(tcp_asks_for_the_token_and_the_socket_does_not, start_with_token,
                                        stop),
        cmocka_unit_test(token_that_is_too_long_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
