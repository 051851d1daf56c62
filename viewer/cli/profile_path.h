/* Which path and query of an endpoint answers with a profile. */
#ifndef PREFLAME_VIEWER_CLI_PROFILE_PATH_H
#define PREFLAME_VIEWER_CLI_PROFILE_PATH_H

#include "viewer/client/endpoint.h"

#define PROFILE_PATH_BYTES (ENDPOINT_URL_BYTES + 64)
#define PROFILE_SECONDS_MAX 86400

/* Writes the path of profile `type` over `seconds` (0: none was said), or the endpoint's own path with that
 * number in its query. Returns how many seconds the answer takes: those of cpu and wall are 30 when none was
 * said. */
unsigned profile_path(const struct endpoint *endpoint, const char *type, unsigned seconds,
                      char ret[PROFILE_PATH_BYTES]);

#endif
