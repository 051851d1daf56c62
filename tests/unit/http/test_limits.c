/* Clients that send too much, too slowly, too often, or leave. */
#include "cmocka_headers.h"

#include "http_client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char long_profile[] = "GET /debug/pprof/profile?seconds=1000 HTTP/1.1\r\n\r\n";

static void oversized_and_broken_requests_are_refused(void **state)
{
    (void)state;
    size_t len =
        (size_t)16 * 1024 + 1; /* just over, so that nothing stays unread and resets the connection */
    char *big = malloc(len + 1);
    assert_non_null(big);
    memset(big, 'a', len);
    memcpy(big, "GET /", 5);
    big[len] = 0;
    assert_true(begins(ask(big), "HTTP/1.1 400 Bad Request\r\n"));
    free(big);
    assert_true(
        begins(ask("POST /debug/pprof/symbol HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), "HTTP/1.1 413 "));
    static const char *const broken[] = {
        "nonsense\r\n\r\n",
        "GET / HTTP/3.0\r\n\r\n",
        "GET /%zz HTTP/1.1\r\n\r\n",
        "GET /%4 HTTP/1.1\r\n\r\n",
        "GET /%00 HTTP/1.1\r\n\r\n",
        "GET x HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        const char *got = ask(broken[i]);
        assert_non_null(strstr(got, " 400 Bad Request\r\n"));
        assert_null(strstr(got, "200 OK"));
    }
    assert_non_null(strstr(ask("NEWS / HTTP/1.1\r\n\r\n"), " 501 Not Implemented\r\n"));
}

static void body_comes_in_pieces_after_continue(void **state)
{
    (void)state;
    int fd = connect_unix(f.path);
    send_text(fd, "POST /debug/pprof/symbol HTTP/1.1\r\nContent-Length: 6\r\nExpect: 100-continue\r\n"
                  "Connection: close\r\n\r\n");
    char hint[25];
    assert_int_equal(recv(fd, hint, sizeof(hint), MSG_WAITALL), 25);
    assert_memory_equal(hint, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    send_text(fd, "0x1");
    send_text(fd, "234");
    assert_true(ends(read_to_end(fd), "0x1234 fake_work\n"));
    assert_true(ends(ask("POST /debug/pprof/symbol HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                         "Connection: close\r\n\r\n3\r\n0x1\r\n3\r\n234\r\n0\r\n\r\n"),
                     "0x1234 fake_work\n"));
}

static void body_that_is_not_read_is_no_request(void **state)
{
    (void)state;
    const char *got = ask("GET /nothing HTTP/1.1\r\nContent-Length: 41\r\n\r\n"
                          "GET /debug/preflame/self HTTP/1.1\r\n\r\n....");
    assert_true(begins(got, "HTTP/1.1 404 Not Found\r\n"));
    assert_null(strstr(got, "200 OK"));
}

static void slow_client_is_served_and_holds_up_nobody(void **state)
{
    (void)state;
    int fd = connect_unix(f.path);
    for (const char *text = REQUEST_SELF; *text; text++) {
        char one[2] = {*text, 0};
        send_text(fd, one);
        if (text[0] == '/')
            assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n"));
    }
    assert_true(begins(read_to_end(fd), "HTTP/1.0 200 OK\r\n"));
}

static void client_that_closed_its_own_direction_gets_the_reply(void **state)
{
    (void)state;
    int fd = connect_unix(f.path);
    send_text(fd, "GET /debug/preflame/self HTTP/1.1\r\n\r\n");
    shutdown(fd, SHUT_WR);
    assert_true(ends(read_to_end(fd), "stops 0\n"));
}

static void client_that_leaves_frees_the_profile(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = i % 2 ? connect_unix(f.path) : connect_tcp();
        send_text(fd, long_profile);
        wait_for(&f.fake.starts, i + 1);
        assert_int_equal(atomic_load(&f.fake.stops), i);
        close(fd);
        wait_for(&f.fake.stops, i + 1);
    }
    assert_int_equal(atomic_load(&f.fake.local_finishes), 0);
}

static void request_sent_during_a_profile_is_answered_after_it(void **state)
{
    (void)state;
    int fd = connect_unix(f.path);
    send_text(fd, "GET /debug/pprof/profile?seconds=1 HTTP/1.1\r\n\r\n");
    wait_for(&f.fake.starts, 1);
    send_text(fd, "GET /debug/preflame/self HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n")); /* by now the loop has seen those bytes */
    assert_int_equal(atomic_load(&f.fake.stops), 0);
    assert_readable(fd);
    char first[13] = "";
    assert_int_equal(recv(fd, first, 12, MSG_WAITALL), 12);
    assert_string_equal(first, "HTTP/1.1 200");
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char last[4096];
    size_t len = 0;
    for (ssize_t got = 1; got > 0; len += got > 0 ? (size_t)got : 0) {
        assert_int_equal(poll(&readable, 1, 20000), 1);
        assert_true(len < sizeof(last));
        got = read(fd, last + len, sizeof(last) - len);
    }
    close(fd);
    assert_true(len > 17);
    assert_memory_equal(last + len - 17, "starts 1\nstops 1\n", 17);
}

/* Has the server closed it? Waits for that, or for a reply, if `is_wanted`. */
static bool is_closed(int fd, bool is_wanted)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char byte;
    return poll(&readable, 1, is_wanted ? 20000 : 0) == 1 && recv(fd, &byte, 1, MSG_PEEK) <= 0;
}

static void idle_clients_make_room_for_those_who_ask(void **state)
{
    (void)state;
    int busy = connect_unix(f.path), idle[200];
    send_text(busy, long_profile);
    wait_for(&f.fake.starts, 1);
    /* By one way: which of two the server looks at first is not told. */
    for (int i = 0; i < 200; i++)
        idle[i] = connect_unix(f.path);
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n"));
    assert_true(is_closed(idle[0], true)); /* the oldest went first, */
    assert_false(is_closed(idle[199], false));
    assert_false(is_closed(busy, false)); /* and never the one that is served */
    close(busy);
    wait_for(&f.fake.stops, 1);
    for (int i = 0; i < 200; i++)
        close(idle[i]);
}

static void half_sent_requests_make_room_too(void **state)
{
    (void)state;
    int half[100];
    for (int i = 0; i < 100; i++) {
        half[i] = connect_unix(f.path);
        send_text(half[i], "GET /debug/preflame/self HTTP/1.0\r\n");
    }
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n"));
    assert_true(is_closed(half[0], true));
    send_text(half[99], "\r\n");
    assert_true(begins(read_to_end(half[99]), "HTTP/1.0 200 OK\r\n"));
    for (int i = 0; i < 99; i++)
        close(half[i]);
}

static void more_profiles_than_sixteen_at_once_are_refused(void **state)
{
    (void)state;
    int busy[16];
    for (int i = 0; i < 16; i++) {
        busy[i] = connect_unix(f.path);
        send_text(busy[i], "GET /debug/pprof/heap?seconds=1000 HTTP/1.1\r\n\r\n");
        wait_for(&f.fake.takes, i + 1);
    }
    static const char *const more[] = {"GET /debug/pprof/profile?seconds=1 HTTP/1.0\r\n\r\n",
                                       "GET /debug/pprof/mutex HTTP/1.0\r\n\r\n"};
    for (int i = 0; i < 2; i++) {
        const char *got = ask(more[i]);
        assert_true(begins(got, "HTTP/1.0 503 Service Unavailable\r\n"));
        assert_non_null(strstr(got, "X-Go-Pprof: 1\r\n"));
        assert_true(ends(got, "\r\n\r\ntoo many profiles at once; try again later\n"));
    }
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n")); /* that costs nothing */
    for (int i = 0; i < 16; i++)
        close(busy[i]);
    int tries = 0;
    while (!begins(ask(more[1]), "HTTP/1.0 200 OK\r\n")) /* until the server has seen them leave */
        assert_true(tries++ < 100000);
}

static void server_with_all_places_taken_can_be_stopped(void **state)
{
    int idle[70];
    for (int i = 0; i < 70; i++) {
        idle[i] = connect_unix(f.path);
        if (i == 0) {
            send_text(idle[0], long_profile);
            wait_for(&f.fake.starts, 1);
        }
    }
    stop(state);
    assert_int_equal(atomic_load(&f.fake.stops), 1);
    for (int i = 0; i < 70; i++)
        close(idle[i]);
}

static void request_that_never_ends_is_ended(void **state)
{
    (void)state;
    make_folder();
    start_with((struct http_options){.request_timeout_ns = 100000000});
    static const char *const beginnings[] = {
        "G", "GET /debug/preflame/self HTTP/1.0\r\nX: ",
        "POST /debug/pprof/symbol HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n",
        "POST /debug/pprof/symbol HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"};
    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
        int fd = connect_unix(f.path);
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        send_text(fd, beginnings[i]);
        /* One more byte every few milliseconds: such a client is never silent. */
        for (int sent = 0; poll(&readable, 1, 5) == 0; sent++) {
            assert_true(sent < 4000);
            try_to_send(fd, "1");
        }
        assert_string_equal(read_to_end(fd), "");
    }
    assert_true(begins(ask(REQUEST_SELF), "HTTP/1.0 200 OK\r\n"));
}

static void client_that_does_not_read_its_reply_is_ended(void **state)
{
    (void)state;
    make_folder();
    f.fake.self_bytes = 8000000; /* more than the kernel holds for it */
    start_with((struct http_options){.reply_timeout_ns = 100000000});
    int fd = connect_unix(f.path);
    send_text(fd, REQUEST_SELF);
    char buffer[4096];
    long got = 0;
    struct pollfd left = {.fd = fd, .events = POLLRDHUP};
    for (int reads = 0; poll(&left, 1, 5) == 0; reads++) { /* slowly */
        assert_true(reads < 1500);
        got += read(fd, buffer, sizeof(buffer));
    }
    assert_true(got > 0 && got < f.fake.self_bytes);
    close(fd);
}

/* evhttp asks for a client's name, and holds a name that is too long for a fatal error. */
static void client_with_a_long_name_is_served(void **state)
{
    (void)state;
    struct sockaddr_un mine = {.sun_family = AF_UNIX}, theirs = {.sun_family = AF_UNIX};
    snprintf(mine.sun_path, sizeof(mine.sun_path),
             "%.40s/a-client-that-has-a-name-of-more-than-32-bytes.sock", f.folder);
    snprintf(theirs.sun_path, sizeof(theirs.sun_path), "%s", f.path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&mine, sizeof(mine)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&theirs, sizeof(theirs)), 0);
    send_text(fd, REQUEST_SELF);
    assert_true(begins(read_to_end(fd), "HTTP/1.0 200 OK\r\n"));
    unlink(mine.sun_path);
}

int main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, start_plain, stop)
#define ALONE(test) cmocka_unit_test_teardown(test, stop)
    const struct CMUnitTest tests[] = {
        SERVED(oversized_and_broken_requests_are_refused),
        SERVED(body_comes_in_pieces_after_continue),
        SERVED(body_that_is_not_read_is_no_request),
        SERVED(slow_client_is_served_and_holds_up_nobody),
        SERVED(client_that_closed_its_own_direction_gets_the_reply),
        SERVED(client_that_leaves_frees_the_profile),
        SERVED(request_sent_during_a_profile_is_answered_after_it),
        SERVED(idle_clients_make_room_for_those_who_ask),
        SERVED(half_sent_requests_make_room_too),
        SERVED(more_profiles_than_sixteen_at_once_are_refused),
        SERVED(server_with_all_places_taken_can_be_stopped),
        SERVED(client_with_a_long_name_is_served),
        ALONE(request_that_never_ends_is_ended),
        ALONE(client_that_does_not_read_its_reply_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
