/* One HTTP request: over a Unix socket, TCP or TLS. */
#ifndef PREFLAME_VIEWER_FETCH_H
#define PREFLAME_VIEWER_FETCH_H

#include "base/bytes.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define FETCH_WHY_BYTES 512

struct fetch_request {
    const char *url;
    const char *socket_path;    /* NULL: TCP, as the URL says */
    const char *bearer;         /* a token to send; NULL or "": none */
    const char *const *headers; /* "Name: value", ended by NULL; NULL: none */
    const void *body;           /* to POST; NULL: GET */
    size_t body_len;
    unsigned timeout_s; /* for all of it */
    int watch_fd;       /* ends a pause early when it can be read; -1: none */
    /* Called in each pause, at least four times a second, with the time since the start; false ends the
     * request. May be NULL. */
    bool (*on_pause)(void *context, int64_t elapsed_ns);
    void *context;
};

/* Appends the answer's body to `body`, whose cap bounds it, and says its status. 0, with any status;
 * -ECANCELED when on_pause said so; else negative errno, and `why` is a clause that says what was in the way.
 */
int fetch(const struct fetch_request *request, long *ret_status, struct bytes *body,
          char why[FETCH_WHY_BYTES]) MUST_USE;

#endif
