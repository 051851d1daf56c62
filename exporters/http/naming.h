/* Names for a profile, without ever holding up the loop: by a helper process, or from the ELF tables here
 * when there is none, it fails or takes too long. For the files of this folder only. */
#ifndef PREFLAME_EXPORTERS_HTTP_NAMING_H
#define PREFLAME_EXPORTERS_HTTP_NAMING_H

#include "exporters/http/state.h"
#include "exporters/profile/profile.h"

#define PROFILE_BYTES_MAX ((size_t)256 * 1024 * 1024)

struct naming; /* one profile under way */

/* Called once, perhaps before naming_start returns: the profile as a .pprof file. `body` is borrowed; error
 * is 0 or negative errno, `body` then NULL. */
typedef void (*named_fn)(void *context, const struct bytes *body, int error);

/* Names `profile`, which is owned from here on (freed also on failure). The job to cancel, or NULL when it is
 * over already: `done` has been called. */
struct naming *naming_start(const struct http_server *server, struct profile *profile, named_fn done,
                            void *context);
/* Ends the job without calling `done`. NULL is fine. */
void naming_cancel(struct naming *naming);
#endif
