/* The server, asked over its sockets: what it answers, where it listens. */
#include "cmocka_headers.h"

#include "http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void symbols_are_named_by_get_and_post(void **state)
{
    (void)state;
    const char *answer = "\r\n\r\nnum_symbols: 1\n0x1234 fake_work\n";
    const char *got = ask("GET /debug/pprof/symbol?0x1234+0x99 HTTP/1.0\r\n\r\n");
    assert_true(begins(got, "HTTP/1.0 200 OK\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_true(ends(got, answer));
    assert_true(ends(ask("POST /debug/pprof/symbol HTTP/1.0\r\nContent-Length: 8\r\n\r\n0x1+4660"), answer));
}

static void one_connection_serves_many_requests(void **state)
{
    (void)state;
    const char *got =
        ask("GET /debug/preflame/self HTTP/1.1\r\n\r\nHEAD /debug/preflame/self HTTP/1.1\r\n\r\n"
            "GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
    const char *second = strstr(got, "starts 0\nstops 0\nHTTP/1.1 200 OK");
    assert_non_null(second);
    const char *third =
        strstr(second, "Content-Length: 17\r\n\r\nHTTP/1.1 404 Not Found\r\n"); /* HEAD: no body */
    assert_non_null(third);
    assert_non_null(strstr(third, "Connection: close\r\n"));
    assert_true(ends(third, "\r\n\r\n404 page not found\n"));
}

static void second_profile_is_told_that_one_runs(void **state)
{
    (void)state;
    int first = connect_unix(f.path);
    send_text(first, "GET /debug/pprof/profile?seconds=1000&hz=250 HTTP/1.1\r\n\r\n");
    wait_for(&f.fake.starts, 1);
    assert_int_equal(atomic_load(&f.fake.hz), 250);
    const char *got = ask("GET /debug/pprof/profile?seconds=1 HTTP/1.0\r\n\r\n");
    assert_true(begins(got, "HTTP/1.0 500 Internal Server Error\r\n"));
    assert_non_null(strstr(got, "X-Go-Pprof: 1\r\n"));
    assert_null(strstr(got, "Content-Disposition"));
    assert_true(ends(got, "\r\n\r\nCould not enable CPU profiling: cpu profiling already in use\n"));
    assert_int_equal(atomic_load(&f.fake.stops), 0);
    close(first);
    wait_for(&f.fake.stops, 1); /* the client left: no need to go on for 1000 s */
    assert_int_equal(atomic_load(&f.fake.local_finishes), 0);
}

static void stopping_the_server_stops_the_profile(void **state)
{
    int fd = connect_unix(f.path);
    send_text(fd, "GET /debug/pprof/profile?seconds=1000 HTTP/1.1\r\n\r\n");
    wait_for(&f.fake.starts, 1);
    stop(state);
    assert_int_equal(atomic_load(&f.fake.stops), 1);
    assert_true(begins(read_to_end(fd), ""));
}

static void assert_profile_answered(int local_finishes)
{
    const char *got = ask("GET /debug/pprof/profile?seconds=1 HTTP/1.0\r\n\r\n");
    assert_true(begins(got, "HTTP/1.0 200 OK\r\n"));
    assert_non_null(strstr(got, "Content-Disposition: attachment; filename=\"profile\"\r\n"));
    const char *body = strstr(got, "\r\n\r\n") + 4;
    assert_memory_equal(body, "\x1f\x8b", 2);
    assert_int_equal(atomic_load(&f.fake.local_finishes), local_finishes);
}

static void helper_makes_the_profile(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/gzip", "-c", NULL};
    start(argv, 0);
    assert_profile_answered(0);
}

static void failed_helper_is_made_up_for_in_the_process(void **state)
{
    static const char *const missing[] = {"/does/not/exist", NULL};
    static const char *const silent[] = {"/bin/true", NULL};
    static const char *const unfit[] = {"/bin/cat", NULL};
    static const char *const slow[] = {"/bin/sleep", "1000", NULL};
    static const char *const *const commands[] = {NULL, missing, silent, unfit, slow};
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        start(commands[i], 50000000);
        assert_profile_answered(1);
        stop(state);
    }
}

static void foreign_hosts_are_refused_on_tcp_only(void **state)
{
    (void)state;
    static const char request[] = "GET /debug/preflame/self HTTP/1.0\r\nHost: evil.example\r\n\r\n";
    int fd = connect_tcp();
    send_text(fd, request);
    assert_true(begins(read_to_end(fd), "HTTP/1.0 403 Forbidden\r\n"));
    assert_true(begins(ask(request), "HTTP/1.0 200 OK\r\n"));
    fd = connect_tcp();
    send_text(fd, "GET /debug/preflame/self HTTP/1.0\r\nHost: 127.0.0.1:1\r\n\r\n");
    assert_true(begins(read_to_end(fd), "HTTP/1.0 200 OK\r\n"));
}

static void socket_is_private_and_its_folder_too(void **state)
{
    (void)state;
    struct stat info;
    assert_int_equal(stat(f.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    char *slash = strrchr(f.path, '/');
    assert_non_null(slash);
    *slash = 0;
    assert_int_equal(stat(f.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    *slash = '/';
}

/* What comes of serving there, alone: the error of http_server_new or of binding. */
static int try_serving(const char *path, const char *host, uint16_t port)
{
    struct served other;
    struct http_options options = {.socket_path = path, .tcp_host = host, .tcp_port = port};
    int error = served_start(&other, &options, &f.fake.source);
    if (error)
        return error;
    error = path ? other.socket_error : other.tcp_error;
    assert_int_equal(served_stop(&other), error);
    return error;
}

static void taken_and_unsafe_addresses_are_errors(void **state)
{
    (void)state;
    char path[256];
    assert_int_equal(try_serving(f.path, NULL, 0), -EADDRINUSE);
    assert_int_equal(try_serving(NULL, "", f.served.tcp_port), -EADDRINUSE);
    assert_int_equal(try_serving(NULL, "example.com", 0), -EINVAL);
    assert_int_equal(try_serving("relative/1.sock", NULL, 0), -EINVAL);
    assert_int_equal(try_serving("/tmp/1.sock", NULL, 0), -EPERM); /* anybody may write there */
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[200] = 0;
    assert_int_equal(try_serving(path, NULL, 0), -ENAMETOOLONG);
    char link_path[160];
    snprintf(path, sizeof(path), "%s/made", f.folder);
    snprintf(link_path, sizeof(link_path), "%s/link", f.folder);
    assert_int_equal(symlink(path, link_path), 0);
    snprintf(path, sizeof(path), "%s/2.sock", link_path);
    assert_int_equal(try_serving(path, NULL, 0), -ENOTDIR);
    unlink(link_path);
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK")); /* still ours */
}

static void socket_of_a_dead_process_is_replaced(void **state)
{
    (void)state;
    make_folder();
    snprintf(f.path, sizeof(f.path), "%s/1.sock", f.folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, f.path, strlen(f.path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(try_serving(f.path, NULL, 0), -EADDRINUSE);
    close(fd);
    assert_int_equal(try_serving(f.path, NULL, 0), 0);
    assert_int_equal(access(f.path, F_OK), -1);
    /* A file that is no socket is somebody's data. */
    fclose(fopen(f.path, "w"));
    assert_int_equal(try_serving(f.path, NULL, 0), -EADDRINUSE);
    assert_int_equal(unlink(f.path), 0);
}

static void one_endpoint_is_served_when_the_other_fails(void **state)
{
    (void)state;
    struct served other;
    struct http_options options = {.socket_path = f.path, .tcp_host = ""};
    assert_int_equal(served_start(&other, &options, &f.fake.source), 0);
    assert_int_equal(other.socket_error, -EADDRINUSE);
    assert_int_equal(other.tcp_error, 0);
    assert_true(other.tcp_port && other.tcp_port != f.served.tcp_port);
    assert_int_equal(served_stop(&other), 0);
    assert_int_equal(access(f.path, F_OK), 0); /* not the other's to remove */
    char path[128];
    snprintf(path, sizeof(path), "%s.2", f.path);
    options = (struct http_options){.socket_path = path, .tcp_host = "", .tcp_port = f.served.tcp_port};
    assert_int_equal(served_start(&other, &options, &f.fake.source), 0);
    assert_int_equal(other.socket_error, 0);
    assert_int_equal(other.tcp_error, -EADDRINUSE);
    assert_int_equal(other.tcp_port, 0);
    assert_int_equal(served_stop(&other), 0);
    options = (struct http_options){.socket_path = NULL};
    assert_int_equal(served_start(&other, &options, &f.fake.source), -EINVAL);
}

static void ignore_ready(void *context, int socket_error, int tcp_error, uint16_t tcp_port)
{
    (void)context, (void)socket_error, (void)tcp_error, (void)tcp_port;
}

static void *run_once(void *context)
{
    struct served *s = context;
    s->run_result = http_server_run(s->server, ignore_ready, NULL);
    return NULL;
}

static void stop_before_run_is_not_lost(void **state)
{
    (void)state;
    make_folder();
    struct http_server *server = NULL;
    struct http_options options = {.socket_path = f.path};
    assert_int_equal(http_server_new(&options, &f.fake.source, &server), 0);
    assert_int_equal(access(f.path, F_OK), -1); /* nothing is open yet */
    http_server_stop(server);
    struct served other = {.server = server};
    assert_int_equal(pthread_create(&other.thread, NULL, run_once, &other), 0);
    assert_int_equal(pthread_join(other.thread, NULL), 0);
    assert_int_equal(other.run_result, 0);
    http_server_free(server);
}

int main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, start_plain, stop)
#define ALONE(test) cmocka_unit_test_teardown(test, stop)
    const struct CMUnitTest tests[] = {
        SERVED(symbols_are_named_by_get_and_post),
        SERVED(one_connection_serves_many_requests),
        SERVED(second_profile_is_told_that_one_runs),
        SERVED(stopping_the_server_stops_the_profile),
        ALONE(helper_makes_the_profile),
        ALONE(failed_helper_is_made_up_for_in_the_process),
        SERVED(foreign_hosts_are_refused_on_tcp_only),
        SERVED(socket_is_private_and_its_folder_too),
        SERVED(taken_and_unsafe_addresses_are_errors),
        SERVED(one_endpoint_is_served_when_the_other_fails),
        ALONE(stop_before_run_is_not_lost),
        ALONE(socket_of_a_dead_process_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
