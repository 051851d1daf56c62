/* The one list of what may be asked for. */
#ifndef PREFLAME_EXPORTERS_HTTP_ROUTES_H
#define PREFLAME_EXPORTERS_HTTP_ROUTES_H

#include "exporters/http/connection.h"
#include "exporters/kinds.h"

#include <stddef.h>

#define PPROF_PREFIX "/debug/pprof/"

struct http_route {
    const char *path;
    void (*serve)(struct http_connection *c); /* replies, or calls connection_wait and replies later */
    const char *description;                  /* its line in the index page; NULL: not listed */
};

/* Ended by a row whose path is NULL. Beside them, each row of profile_kinds is served below PPROF_PREFIX. */
extern const struct http_route http_routes[];

/* Answers the request that `c` holds, whatever it is. */
void routes_serve(struct http_connection *c);

/* Says that it is to be found at `path`, with the same query. */
void route_redirect(struct http_connection *c, const char *path);

/* The routes themselves. */
void route_index(struct http_connection *c);
void route_cmdline(struct http_connection *c);
void route_symbol(struct http_connection *c);
void route_self(struct http_connection *c);
void route_metrics(struct http_connection *c);
void route_profile(struct http_connection *c);
void route_wall(struct http_connection *c);
void route_flame(struct http_connection *c);
void route_trace(struct http_connection *c);
void route_tracer(struct http_connection *c);
void route_dump(struct http_connection *c);
void route_named(struct http_connection *c, const struct profile_kind *kind);

#endif
