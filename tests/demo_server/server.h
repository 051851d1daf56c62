/* The HTTP side of the demo server: libmicrohttpd on loopback. */
#ifndef PREFLAME_DEMO_SERVER_H
#define PREFLAME_DEMO_SERVER_H

#include "base/compiler.h"
#include "tests/demo_server/options.h"
#include "tests/demo_server/users.h"

#include <stdatomic.h>

struct MHD_Daemon;

struct server {
    struct MHD_Daemon *daemon; /* owned; NULL when not running */
    const struct user_map *map;
    bool is_logging;
    atomic_uint_fast64_t requests; /* numbers requests; nothing else is published by it */
};

/* Listens on 127.0.0.1 and answers from threads of its own. `s` and `map` must outlive server_stop. *ret_port
 * is the port in use. 0 or negative errno. */
int server_start(struct server *s, const struct options *options, const struct user_map *map,
                 uint16_t *ret_port) MUST_USE;
/* Answers what was asked, closes everything and joins the threads. */
void server_stop(struct server *s);

#endif
