/* What the commands that take a TARGET share: finding it and asking it, with one line on stderr when that
 * fails. */
#ifndef PREFLAME_VIEWER_CLI_ASK_H
#define PREFLAME_VIEWER_CLI_ASK_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "viewer/client/endpoint.h"

#include <stdbool.h>
#include <stdint.h>

#define ASK_MAX_BYTES ((size_t)512 << 20) /* of an answer */

/* Finds `target`. An exit status. */
int ask_find(const char *target, struct endpoint *ret) MUST_USE;
/* GETs `path` (with query) below the endpoint's base, or reads the file that it is, into `body`. `seconds` is
 * how long the answer takes by its nature; over one, a terminal sees `what` progress. An exit status. */
int ask(const struct endpoint *endpoint, const char *path, const char *what, unsigned seconds,
        struct bytes *body) MUST_USE;

#define ASK_WHY_BYTES 1024
#define ASK_CANCELLED (-1)
#define ASK_REFUSED (-2)

/* What happens while an answer is awaited: see struct fetch_request. */
struct ask_pause {
    int watch_fd;
    bool (*on_pause)(void *context, int64_t elapsed_ns);
    void *context;
};

/* The same of an endpoint that is no file, but silent: `why` gets the line. An exit status, ASK_CANCELLED
 * when on_pause said so, or ASK_REFUSED for an answer that is none. */
int ask_silently(const struct endpoint *endpoint, const char *path, unsigned seconds,
                 const struct ask_pause *pause, struct bytes *body, char why[ASK_WHY_BYTES]) MUST_USE;

#endif
