/* What a request asks for, as Go's handlers see it: path, query, form values, numbers. What arrives here may
 * come from anybody. */
#ifndef PREFLAME_EXPORTERS_HTTP_REQUEST_H
#define PREFLAME_EXPORTERS_HTTP_REQUEST_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evhttp_request;

/* Strings point into evhttp's request or own_path, or are literals. */
struct http_request {
    const char *method;       /* "GET", "HEAD", "POST" or "other": more is not asked */
    const char *path;         /* percent-decoded, without query */
    const char *query;        /* raw, "" when there is none */
    const char *content_type; /* "" without */
    const char *body;         /* NUL-terminated */
    size_t body_len;
    char *own_path; /* owned: memory of path and query */
};

/* Fills *ret from what evhttp has read. It is valid until http_request_clear or the end of `request`. 0,
 * -EINVAL for a path that is none, -ENOMEM. Clear it in any case. */
int http_request_read(struct evhttp_request *request, struct http_request *ret) MUST_USE;
void http_request_clear(struct http_request *request);
/* May it be answered? On a loopback TCP connection `fd` only with a safe Host; else always. */
bool http_request_is_local(struct evhttp_request *request, int fd);

/* Undoes %XX, and + when it means a space. False for a broken escape, a NUL or a result of `size` bytes and
 * more. (libevent's own decoder leaves broken escapes as they are; Go refuses them.) Any thread. */
bool http_unescape(const char *from, size_t len, bool is_plus_space, char *to, size_t size);
/* The first value of form field `name` as Go's FormValue finds it (form body of a POST first, then the
 * query), decoded into `value`. False, and "", when there is none, it is broken or does not fit. Any thread.
 */
bool http_form_value(const struct http_request *request, const char *name, char *value, size_t size);
/* Go's strconv.ParseInt(text, 10, 64): 0, -EINVAL or -ERANGE. Any thread. */
int http_parse_int(const char *text, int64_t *ret) MUST_USE;
/* Go's strconv.ParseUint(text, 0, 64), whose errors are dropped: 0 for what is no number, UINT64_MAX beyond
 * it. Any thread. */
uint64_t http_parse_pc(const char *text, size_t len);
/* The seconds of a CPU profile: Go's rules, 30 when absent, broken or not positive. Never above `max`. Any
 * thread. */
int64_t http_profile_seconds(const struct http_request *request, int64_t max);
/* May a request that came over loopback carry this Host header? Only an IP address, localhost or none: any
 * other name may be a web page's, pointed at us by its own name server. Any thread. */
bool http_host_is_safe(const char *host);

#endif
