/* How the loop is told to end. For the files of this folder only. */
#ifndef PREFLAME_EXPORTERS_HTTP_STOP_H
#define PREFLAME_EXPORTERS_HTTP_STOP_H

#include "base/compiler.h"

struct http_server;

/* In the serving thread: from here on http_server_stop wakes the loop. 0 or
 * negative errno. */
int stop_listen(struct http_server *server) MUST_USE;
/* Undoes it, also in part. */
void stop_ignore(struct http_server *server);

#endif
