/* The fixture and the client. */
#include "cmocka_headers.h"

#include "http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fixture f;

void make_folder(void)
{
    strcpy(f.folder, "/tmp/preflame-test-XXXXXX");
    assert_non_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof(f.path), "%s/made/1.sock", f.folder);
    fake_source_init(&f.fake);
}

void start_with(struct http_options options)
{
    options.socket_path = f.path;
    options.tcp_host = "localhost";
    assert_int_equal(served_start(&f.served, &options, &f.fake.source), 0);
    assert_int_equal(f.served.socket_error, 0);
    assert_int_equal(f.served.tcp_error, 0);
    assert_true(f.served.tcp_port);
}

void start(const char *const *helper_argv, int64_t helper_timeout_ns)
{
    make_folder();
    f.fake.source.helper_argv = helper_argv;
    start_with((struct http_options){.helper_timeout_ns = helper_timeout_ns});
}

int start_plain(void **state)
{
    (void)state;
    start(NULL, 0);
    return 0;
}

int stop(void **state)
{
    (void)state;
    if (f.served.server) {
        assert_int_equal(served_stop(&f.served), 0);
        assert_int_equal(access(f.path, F_OK), -1);
    }
    char folder[96];
    snprintf(folder, sizeof(folder), "%s/made", f.folder);
    rmdir(folder);
    rmdir(f.folder);
    return 0;
}

int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

int connect_tcp(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(f.served.tcp_port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

bool try_to_send(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

void send_text(int fd, const char *text)
{
    assert_true(try_to_send(fd, text));
}

const char *read_to_end(int fd)
{
    static char reply[1 << 16];
    size_t len = 0;
    for (;;) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&readable, 1, 20000), 1);
        ssize_t got = read(fd, reply + len, sizeof(reply) - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    reply[len] = 0;
    close(fd);
    return reply;
}

const char *ask(const char *request)
{
    int fd = connect_unix(f.path);
    send_text(fd, request);
    return read_to_end(fd);
}

const char *ask_tcp(const char *request)
{
    int fd = connect_tcp();
    send_text(fd, request);
    return read_to_end(fd);
}

bool begins(const char *text, const char *start_text)
{
    return strncmp(text, start_text, strlen(start_text)) == 0;
}

bool ends(const char *text, const char *end_text)
{
    size_t len = strlen(text), end_len = strlen(end_text);
    return len >= end_len && strcmp(text + len - end_len, end_text) == 0;
}

void wait_for(atomic_int *counter, int value)
{
    for (int64_t tries = 0; atomic_load(counter) != value; tries++) {
        assert_true(tries < 200000000);
        sched_yield();
    }
}

void assert_readable(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 20000), 1);
}
