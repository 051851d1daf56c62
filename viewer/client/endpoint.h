/* TARGET: the word by which a user names what to look at. */
#ifndef PREFLAME_VIEWER_ENDPOINT_H
#define PREFLAME_VIEWER_ENDPOINT_H

#include "base/compiler.h"
#include "viewer/client/processes.h"

#include <stdbool.h>

#define ENDPOINT_URL_BYTES 2048
#define ENDPOINT_WHY_BYTES 512

struct endpoint {
    bool is_file;                           /* `name` is the path of a file: nobody is asked */
    char base[ENDPOINT_URL_BYTES];          /* "http://localhost:6060": what /debug/… stands behind */
    char path[ENDPOINT_URL_BYTES];          /* "/debug/pprof/heap?gc=1", as given; "" = none was */
    char socket_path[PROCESS_SOCKET_BYTES]; /* "" = TCP */
    pid_t pid;                              /* 0 = unknown */
    char name[ENDPOINT_URL_BYTES]; /* for titles and names of files: "redis-server", "localhost:6060" */
};

/* Finds what `target` means: a pid, the name of an instrumented process, a URL (with or without scheme and
 * path), a socket or a file. 0, or negative errno, and `why` says what is wrong and what to do. Asks nobody.
 */
int endpoint_find(const char *target, struct endpoint *ret, char why[ENDPOINT_WHY_BYTES]) MUST_USE;

#endif
