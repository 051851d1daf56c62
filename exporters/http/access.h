/* Who may look: this user and root by the Unix socket; by TCP whoever knows the token, or without one whoever
 * reaches the port and isn't a web page that was pointed at it. */
#ifndef PREFLAME_EXPORTERS_HTTP_ACCESS_H
#define PREFLAME_EXPORTERS_HTTP_ACCESS_H

#include "exporters/http/connection.h"

#include <stdbool.h>
#include <sys/types.h>

/* May the request of `c` be answered? When not, replies that, and returns false. */
bool access_is_granted(struct http_connection *c, struct evhttp_request *request);

/* May a process of user `peer` ask one of user `own`? Any thread. */
bool access_is_owner(uid_t peer, uid_t own);
/* Does the value of an Authorization header, NULL for none, hold the token: as `Bearer TOKEN`, or as the
 * password of `Basic`, which is what `go tool pprof http://:TOKEN@host` and browsers send? Takes a time that
 * says nothing of the token. Any thread. */
bool access_has_token(const char *authorization, const char *token);

#endif
