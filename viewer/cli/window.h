/* Profiles of one window of time, of a process that counts since its start. */
#ifndef PREFLAME_VIEWER_CLI_WINDOW_H
#define PREFLAME_VIEWER_CLI_WINDOW_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "exporters/profile/profile.h"

/* Makes `now`, all that was counted so far, what was counted since `before`; values that say what is in use
 * stay. 0 or negative errno: -EINVAL when they are of different kinds. */
int window_since(const struct profile *before, struct profile *now) MUST_USE;

#endif
