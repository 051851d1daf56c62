/* Which event goes to which channel: the table behind every recording. */
#ifndef PREFLAME_VIEWER_SESSION_CHANNELS_H
#define PREFLAME_VIEWER_SESSION_CHANNELS_H

#include "base/compiler.h"

#include <stdint.h>

struct lttng_handle;

/* Makes the channels `state`, `core` and `hot` in the handle's session, with contexts vpid and vtid and each
 * event enabled by its exact name. Buffers shrink to fit a small /dev/shm. 0 or a negative LTTng code
 * (lttng_strerror). `kept_bytes`, unless 0: `core` and `hot` keep what came last, so much of it on all CPUs
 * together; `state` keeps what came first, since what it tells is told once. May wait for the daemon without
 * limit: only for guarded calls. */
int channels_create(struct lttng_handle *handle, uint64_t kept_bytes) MUST_USE;

#endif
