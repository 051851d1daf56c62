/* The companion of a server (struct http_companion), watched by the loop. For the files of this folder only.
 */
#ifndef PREFLAME_EXPORTERS_HTTP_COMPANION_H
#define PREFLAME_EXPORTERS_HTTP_COMPANION_H

#include "base/bytes.h"
#include "exporters/helper.h"
#include "exporters/http/server.h"

#include <stdatomic.h>
#include <stdbool.h>

struct event;

struct companion {
    const struct http_companion *plan; /* borrowed; NULL: there is none */
    struct helper helper;
    int input_fd;             /* its standard input's other end; -1 while it isn't at work; owned */
    struct event *begin;      /* pending until it starts */
    struct event *readable;   /* set while it is at work */
    struct bytes output;      /* a line that isn't whole yet */
    atomic_bool is_our_child; /* hidden, but the process' child: read by other threads */
};

/* Plans the start. Failures are lines to `said`. */
void companion_plan(struct http_server *server);
/* Ends it, waiting a second at most for one that is our child. Nothing happens when there is none. */
void companion_end(struct http_server *server);

#endif
