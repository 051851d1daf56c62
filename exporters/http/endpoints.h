/* The loop and the listening sockets on it. For the files of this folder only. */
#ifndef PREFLAME_EXPORTERS_HTTP_ENDPOINTS_H
#define PREFLAME_EXPORTERS_HTTP_ENDPOINTS_H

#include "exporters/http/state.h"

/* Makes the event base and evhttp in the calling thread. 0 or -ENOMEM. */
int endpoints_new(struct http_server *server) MUST_USE;
/* Binds what is asked for; ret_errors says 0 or negative errno of the Unix socket and of TCP. */
void endpoints_bind(struct http_server *server, int ret_errors[ENDPOINT_COUNT]);
/* Closes all, ends what runs, removes the socket file. Also after a part of the above. */
void endpoints_free(struct http_server *server);
/* No more clients for a second: too many are there, or the descriptors are used up. They wait in the backlog.
 */
void endpoints_pause(struct http_server *server);
/* After every few clients that come, lets the loop read what they have sent before more are let in: of those
 * who come at once, the last ones must not take the places of the first. */
void endpoints_take_turns(struct http_server *server);

#endif
