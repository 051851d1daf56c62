/* A helper process at work for a request, watched by the loop. For the files of this folder only. */
#ifndef PREFLAME_EXPORTERS_HTTP_ERRAND_H
#define PREFLAME_EXPORTERS_HTTP_ERRAND_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "exporters/helper.h"
#include "exporters/http/state.h"

#include <stdbool.h>
#include <stddef.h>

struct errand {
    const struct http_server *server;
    struct helper helper;
    struct event *readable; /* set while it is at work */
    struct bytes output;    /* what it wrote so far */
    void (*done)(void *context, int error);
    void *context;
};

/* Nothing at work; its output may grow to `max_bytes`. errand_end is always right then. */
void errand_init(struct errand *errand, const struct http_server *server, size_t max_bytes);
/* Starts the helper: words in argv, `input` on its standard input, its niceness raised by nice_add.
 * done(context, error) is called once: with 0 when it has said all, and may still be at work on something
 * else; else with why its output could not be had, and it is killed. 0, or negative errno, and `done` is not
 * called. */
int errand_start(struct errand *errand, const char *const *argv, int nice_add, const void *input, size_t len,
                 void (*done)(void *context, int error), void *context) MUST_USE;
/* Ends it without calling `done`, and forgets its output. `kills`: at once; otherwise a helper that is at
 * work finds its output closed. */
void errand_end(struct errand *errand, bool kills);
/* Frees what helpers that lived on have left, as soon as they have ended. */
void errand_reap(const struct http_server *server);

#endif
