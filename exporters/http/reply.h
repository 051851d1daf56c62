/* Answers. For the files of this folder only. */
#ifndef PREFLAME_EXPORTERS_HTTP_REPLY_H
#define PREFLAME_EXPORTERS_HTTP_REPLY_H

#include "exporters/http/connection.h"

#include <stddef.h>

struct http_header {
    const char *name, *value;
};

/* Rows that many replies share. */
#define HEADER_NOSNIFF                                                                                       \
    {                                                                                                        \
        "X-Content-Type-Options", "nosniff"                                                                  \
    }
#define HEADER_TEXT                                                                                          \
    {                                                                                                        \
        "Content-Type", "text/plain; charset=utf-8"                                                          \
    }
#define HEADER_HTML                                                                                          \
    {                                                                                                        \
        "Content-Type", "text/html; charset=utf-8"                                                           \
    }
#define HEADERS_END                                                                                          \
    {                                                                                                        \
        NULL, NULL                                                                                           \
    }

/* HEADER_NOSNIFF and HEADER_TEXT. */
extern const struct http_header http_text_headers[];

/* Sends a reply; `headers` end with HEADERS_END. Body bytes are copied; HEAD gets none. */
void http_reply(struct http_connection *c, int status, const struct http_header *headers, const void *body,
                size_t len);
/* An error as Go's pprof handlers send it: plain text with a newline, and the header that lets pprof show it.
 */
void http_reply_error(struct http_connection *c, int status, const char *text);
/* What Go says to a target that it cannot parse; the connection ends. */
void http_reply_bad_request(struct http_connection *c);

#endif
