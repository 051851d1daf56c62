/* How long a client may take, and who has to go when all places are taken. For the files of this folder only.
 */
#ifndef PREFLAME_EXPORTERS_HTTP_PATIENCE_H
#define PREFLAME_EXPORTERS_HTTP_PATIENCE_H

#include "exporters/http/connection.h"

/* Makes the timer that ends clients which take too long; it runs while there are any. 0 or -ENOMEM. */
int patience_new(struct http_server *server) MUST_USE;
/* Somebody has come: the timer must run. */
void patience_begin(struct http_server *server);
/* Ends the client that has been idle, or has been sending its request, for longest; never one that is served.
 * False when there is none to end. Not while evhttp is taking one in. */
bool patience_make_room(struct http_server *server);
/* May a profile be taken for it, while others are served? When not, replies that, and returns false. */
bool patience_has_place(struct http_connection *c);

#endif
