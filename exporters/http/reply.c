/* Replies, with the headers that evhttp would add differently. */
#include "exporters/http/reply.h"

#include "base/block.h"
#include "base/clock.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400

const struct http_header http_text_headers[] = {HEADER_NOSNIFF, HEADER_TEXT, HEADERS_END};

/* "Mon, 02 Jan 2006 15:04:05 GMT". By hand: evhttp would do it with gmtime, which takes the program's time
 * zone lock, and a fork in that moment leaves it taken in the child. */
static void print_date(char *text, size_t size)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* day 0 was a Thursday */
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t now = clock_real_ns() / NS_PER_S;
    int64_t day = now / SECONDS_PER_DAY, second = now % SECONDS_PER_DAY;
    const char *weekday = weekdays + 3 * (day % 7);
    int year = 1970, month = 0;
    for (;; year++) {
        bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (day < 365 + is_leap) {
            while (day >= month_days[month] + (month == 1 && is_leap)) {
                day -= month_days[month] + (month == 1 && is_leap);
                month++;
            }
            break;
        }
        day -= 365 + is_leap;
    }
    snprintf(text, size, "%.3s, %02d %.3s %d %02d:%02d:%02d GMT", weekday, (int)day + 1,
             names + (size_t)3 * (size_t)month, year, (int)(second / 3600), (int)(second / 60 % 60),
             (int)(second % 60));
}

/* evhttp reads a body only with some methods. What it left unread would be taken for the next request. */
static bool may_have_unread_body(struct evhttp_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    const char *length = evhttp_find_header(headers, "Content-Length");
    bool has_body = (length && strcmp(length, "0") != 0) || evhttp_find_header(headers, "Transfer-Encoding");
    return has_body &&
           !(evhttp_request_get_command(request) & (EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH));
}

static int add_headers(struct evhttp_request *request, const struct http_header *headers, size_t body_len,
                       bool is_last)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(request);
    char date[64], length[32];
    int failed = 0;
    for (; headers->name; headers++)
        failed |= evhttp_add_header(out, headers->name, headers->value);
    print_date(date, sizeof(date));
    snprintf(length, sizeof(length), "%zu", body_len);
    failed |= evhttp_add_header(out, "Date", date);
    failed |= evhttp_add_header(out, "Content-Length", length); /* evhttp adds none for HEAD */
    if ((is_last || may_have_unread_body(request)) && !evhttp_find_header(out, "Connection"))
        failed |= evhttp_add_header(out, "Connection", "close");
    return failed;
}

static void free_copy(const void *data, size_t len, void *context)
{
    (void)context;
    block_free((void *)(uintptr_t)data, len);
}

/* Large bodies in a copy that goes back to the system. */
static int add_body(struct evbuffer *content, const void *body, size_t len)
{
    if (len < BLOCK_MAPPED_BYTES)
        return evbuffer_add(content, body, len);
    void *copy = block_new(len);
    if (!copy)
        return -1;
    memcpy(copy, body, len);
    int failed = evbuffer_add_reference(content, copy, len, free_copy, NULL);
    if (failed)
        block_free(copy, len);
    return failed;
}

void http_reply(struct http_connection *c, int status, const struct http_header *headers, const void *body,
                size_t len)
{
    struct evhttp_request *request = connection_end_wait(c);
    struct bufferevent *stream = c->stream;
    bool is_head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
    struct evbuffer *content = evbuffer_new();
    bool has_failed = !content || (!is_head && len && add_body(content, body, len)) ||
                      add_headers(request, headers, len, connection_is_last_request(c));
    if (has_failed) {
        evhttp_clear_headers(evhttp_request_get_output_headers(request));
        evhttp_send_reply(request, HTTP_INTERNAL, NULL, NULL);
    } else {
        evhttp_send_reply(request, status, NULL, content);
    }
    if (content)
        evbuffer_free(content);
    /* A client that has only closed its own direction still reads: it counts as gone when writing fails. */
    bufferevent_disable(stream, EV_READ);
}

void http_reply_error(struct http_connection *c, int status, const char *text)
{
    static const struct http_header headers[] = {
        HEADER_NOSNIFF, HEADER_TEXT, {"X-Go-Pprof", "1"}, HEADERS_END};
    char line[256];
    int len = snprintf(line, sizeof(line), "%s\n", text);
    if (len >= (int)sizeof(line))
        len = (int)sizeof(line) - 1;
    http_reply(c, status, headers, line, (size_t)len);
}

void http_reply_bad_request(struct http_connection *c)
{
    static const struct http_header headers[] = {HEADER_TEXT, {"Connection", "close"}, HEADERS_END};
    static const char text[] = "400 Bad Request";
    http_reply(c, HTTP_BADREQUEST, headers, text, sizeof(text) - 1);
}
