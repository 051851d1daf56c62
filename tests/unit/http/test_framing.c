/* Requests in which two readers could see different ones: the pure reading, and what the server makes of
 * them.
 */
#include "cmocka_headers.h"

#include "exporters/http/framing.h"
#include "http_client.h"

#include <stdio.h>
#include <string.h>

#define HIDDEN "GET /debug/preflame/self HTTP/1.1\r\nConnection: close\r\n\r\n"

/* Each is followed by HIDDEN. */
static const char *const smuggled[] = {
    /* two lengths */
    "POST /x HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
    "GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 0\r\ncontent-length: 0\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 0, 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    /* a length that not everybody reads alike */
    "POST /x HTTP/1.1\r\nContent-Length: +0\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: -0\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 0x0\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 0 0\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length:\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length : 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length\t: 55\r\n\r\n",
    "POST /x HTTP/1.1\r\n Content-Length: 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nX: y\r\n Content-Length: 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nX: y\r\n\tContent-Length: 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nContent-Length:\r\n 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nX: y\rContent-Length: 55\r\n\r\n",
    "POST /x HTTP/1.1\r\nX: y\nContent-Length: 55\r\n\r\n",
    "POST /x HTTP/1.1\nContent-Length: 0\n\n",
    "POST /x HTTP/1.1\r\nContent-Length: 0\r\n\n",
    "POST /x HTTP/1.1\r\nContent-Length: 0\r\r\n\r\n",
    /* an encoding that not everybody knows */
    "POST /x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "POST /x HTTP/1.1\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nTransfer_Encoding: chunked\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    /* a request that is none */
    "\r\nGET /x HTTP/1.1\r\n\r\n",
    "GET /x HTTP/1.1\r\n: nameless\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET /x\tHTTP/1.1 HTTP/1.1\r\n\r\n",
    "GET /x HTTP/1.1\r\nX(y): z\r\n\r\n",
    "GET /x HTTP/1.1\r\nX: a\x7f\r\n\r\n",
};

static void what_may_hide_a_request_is_refused_and_ends_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(smuggled); i++) {
        int fd = connect_unix(f.path);
        send_text(fd, smuggled[i]);
        try_to_send(fd, HIDDEN);
        const char *got = read_to_end(fd);
        if (!strstr(got, "HTTP/1.1 4") || strstr(got, "200 OK") || strstr(got, "404"))
            fail_msg("%s is answered with %s", smuggled[i], got);
    }
}

static void good_request_before_a_bad_one_is_answered(void **state)
{
    (void)state;
    const char *got = ask("GET /debug/preflame/self HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n X: y\r\n\r\n" HIDDEN);
    assert_true(begins(got, "HTTP/1.1 200 OK\r\n"));
    const char *second = strstr(got, "stops 0\n") + strlen("stops 0\n");
    assert_true(begins(second, "HTTP/1.1 400 Bad Request\r\n"));
    assert_null(strstr(second, "200 OK"));
}

static void nothing_is_read_behind_a_chunked_request(void **state)
{
    (void)state;
    const char *got = ask("POST /debug/pprof/symbol HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
                          "6\r\n0x1234\r\n0\r\n\r\n" HIDDEN);
    assert_true(begins(got, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(got, "Connection: close\r\n"));
    assert_true(ends(got, "0x1234 fake_work\n"));
}

/* Feeds in pieces of `step` bytes. */
static struct framing read_pieces(const char *text, size_t step)
{
    struct framing framing = {.phase = FRAMING_BETWEEN};
    for (size_t len = strlen(text), at = 0; at < len; at += step)
        framing_feed(&framing, (const uint8_t *)text + at, len - at < step ? len - at : step);
    return framing;
}

static void pieces_make_no_difference(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(smuggled); i++) {
        struct framing whole = read_pieces(smuggled[i], 1000);
        for (size_t step = 1; step < 9; step++) {
            struct framing pieces = read_pieces(smuggled[i], step);
            assert_memory_equal(&pieces, &whole, sizeof(whole));
        }
        assert_true(whole.is_refused);
        assert_int_equal(whole.heads, 1);
    }
}

static void requests_are_counted_to_their_ends(void **state)
{
    (void)state;
    struct framing f1 = read_pieces("GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t\xc3\xa4\r\n\r\n"
                                    "POST / HTTP/1.1\r\nCONTENT-LENGTH:\t 3 \r\n\r\n\r\nx"
                                    "HEAD / HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
                                    1);
    assert_int_equal(f1.heads, 3);
    assert_int_equal(f1.phase, FRAMING_BETWEEN);
    assert_false(f1.is_refused);
    assert_int_equal(read_pieces("G", 1).phase, FRAMING_HEAD);
    assert_int_equal(read_pieces("G", 1).heads, 0);
    f1 = read_pieces("POST / HTTP/1.1\r\nContent-Length: 999999999999999999\r\n\r\nGET", 1);
    assert_int_equal(f1.phase, FRAMING_BODY);
    assert_int_equal(f1.body_left, 999999999999999996);
    f1 = read_pieces("POST / HTTP/1.1\r\nTransfer-Encoding:chunked\r\n\r\n0\r\n\r\n\n\n\n", 1);
    assert_int_equal(f1.phase, FRAMING_REST);
    assert_false(f1.is_refused);
    assert_int_equal(f1.heads, 1);
}

static void lines_may_be_longer_than_what_is_kept_of_them(void **state)
{
    (void)state;
    char text[1024], name[600], value[300];
    memset(name, 'n', sizeof(name) - 1);
    memset(value, 'v', sizeof(value) - 1);
    name[sizeof(name) - 1] = value[sizeof(value) - 1] = 0;
    for (size_t cut = 55; cut < 75; cut++) {
        snprintf(text, sizeof(text), "GET /%s HTTP/1.1\r\n%.*s: x\r\nX: %s\r\n\r\n", value, (int)cut, name,
                 value);
        assert_false(read_pieces(text, 7).is_refused);
        assert_int_equal(read_pieces(text, 7).phase, FRAMING_BETWEEN);
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%.*s\r\n\r\n", (int)cut, name);
        assert_int_equal(read_pieces(text, 7).is_refused, cut < 64); /* no colon among what is kept */
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nContent-Length: %*d\r\n\r\n", (int)cut, 0);
        assert_int_equal(read_pieces(text, 7).is_refused, cut > 47);
    }
}

int main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, start_plain, stop)
    const struct CMUnitTest tests[] = {
        SERVED(what_may_hide_a_request_is_refused_and_ends_the_connection),
        SERVED(good_request_before_a_bad_one_is_answered),
        SERVED(nothing_is_read_behind_a_chunked_request),
        cmocka_unit_test(pieces_make_no_difference),
        cmocka_unit_test(requests_are_counted_to_their_ends),
        cmocka_unit_test(lines_may_be_longer_than_what_is_kept_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
