/* Where the requests of a connection begin and end, read strictly (RFC 9112): what two readers could take for
 * different requests (a proxy in front of us, and evhttp) is refused, since one may be hidden in it. Pure. */
#ifndef PREFLAME_EXPORTERS_HTTP_FRAMING_H
#define PREFLAME_EXPORTERS_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum framing_phase {
    FRAMING_BETWEEN, /* nothing of the next request has come */
    FRAMING_HEAD,
    FRAMING_BODY,
    FRAMING_REST, /* this request is the last one: it is chunked, or was refused */
};

/* Zeroed: a new connection. */
struct framing {
    enum framing_phase phase;
    uint32_t heads;                     /* requests whose head has come, whole or as far as it was refused */
    bool is_refused;                    /* the last of them */
    uint64_t body_left;                 /* bytes, in FRAMING_BODY */
    uint64_t length;                    /* what Content-Length says */
    unsigned lengths, hosts, encodings; /* header lines of these names */
    bool has_return;                    /* the byte before was a CR, which a LF must follow */
    uint32_t line_len; /* bytes of the line under way, at most as many as `line` can hold and one more */
    bool is_first_line;
    char line[64]; /* their beginning */
};

/* Takes the next bytes of the connection. Any thread. */
void framing_feed(struct framing *framing, const uint8_t *bytes, size_t len);

#endif
