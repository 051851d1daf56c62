/* Path to function. */
#include "exporters/http/routes.h"

#include "exporters/http/path.h"
#include "exporters/http/reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct http_route http_routes[] = {
    {PPROF_PREFIX, route_index, NULL},
    {PPROF_PREFIX "cmdline", route_cmdline, "The words of the command line, separated by NUL bytes."},
    {PPROF_PREFIX "flame", route_flame,
     "CPU profile over ?seconds=N (30 if absent) as a page with a flame graph; ?type=wall: waiting too."},
    {PPROF_PREFIX "profile", route_profile,
     "CPU profile: where the process spends processor time, over ?seconds=N (30 if absent). "
     "Open the file with: go tool pprof FILE"},
    {PPROF_PREFIX "symbol", route_symbol,
     "Names of the functions around program counters, given as 0xPC+0xPC in the query or a POST body."},
    {PPROF_PREFIX "trace", route_trace,
     "A trace of what threads did, over ?seconds=N (1 if absent). Open the file with: go tool trace FILE"},
    {"/debug/fgprof", route_wall, NULL},
    {"/debug/preflame/self", route_self, NULL},
    {"/debug/preflame/trace/dump", route_dump, NULL},
    {"/debug/preflame/tracer", route_tracer, NULL},
    {"/metrics", route_metrics, NULL},
    {NULL, NULL, NULL},
};

static const struct http_route *find(const char *path)
{
    for (const struct http_route *route = http_routes; route->path; route++)
        if (strcmp(path, route->path) == 0)
            return route;
    return NULL;
}

static const struct profile_kind *find_kind(const char *path)
{
    size_t len = strlen(PPROF_PREFIX);
    return strncmp(path, PPROF_PREFIX, len) == 0 ? profile_kind_find(path + len) : NULL;
}

/* Where Go's router would send this path: cleaned, and with the slash of the folder that it means. NULL when
 * it is right as it is. Owned by the caller. -ENOMEM in *ret_error. */
static char *better_path(const char *path, int *ret_error)
{
    size_t size = strlen(path) + 1;
    char *better = malloc(size + 1); /* and a slash */
    *ret_error = better ? 0 : -ENOMEM;
    if (!better)
        return NULL;
    memcpy(better, path, size);
    http_path_clean(better);
    if (strcmp(better, "/debug/pprof") == 0)
        memcpy(better + strlen(better), "/", 2);
    if (strcmp(better, path) != 0)
        return better;
    free(better);
    return NULL;
}

void routes_serve(struct http_connection *c)
{
    static const char nothing_here[] = "404 page not found\n";
    const char *path = c->request.path;
    const struct http_route *route = find(path);
    const struct profile_kind *kind = route ? NULL : find_kind(path);
    int error = 0;
    char *better = route || kind ? NULL : better_path(path, &error);
    if (route)
        route->serve(c);
    else if (kind)
        route_named(c, kind);
    else if (error)
        http_reply_error(c, 500, "out of memory");
    else if (better)
        route_redirect(c, better);
    else if (strncmp(path, PPROF_PREFIX, strlen(PPROF_PREFIX)) == 0)
        http_reply_error(c, 404, "Unknown profile");
    else
        http_reply(c, 404, http_text_headers, nothing_here, sizeof(nothing_here) - 1);
    free(better);
}
