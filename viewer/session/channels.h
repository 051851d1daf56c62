/* Which event goes to which channel: the table behind every recording. */
#ifndef PREFLAME_VIEWER_SESSION_CHANNELS_H
#define PREFLAME_VIEWER_SESSION_CHANNELS_H

#include "base/compiler.h"
#include "viewer/session/session.h"

#include <stdbool.h>
#include <stdint.h>

struct lttng_handle;
struct lttng_channel_attr;

/* Makes the channels `state`, `core` and `hot` in the handle's session, with contexts vpid and vtid and each
 * event enabled by its exact name. Buffers shrink to fit a small /dev/shm. 0 or a negative LTTng code
 * (lttng_strerror). A flight recorder's `core` and `hot` keep what came last, on all CPUs together so much
 * as `kept` says; `state` keeps what came first, since what it tells is told once. May wait for the daemon
 * without limit: only for guarded calls. */
int channels_create(struct lttng_handle *handle, const struct session_kept *kept) MUST_USE;

/* Is the stream file of this name one of a channel that keeps what came last? */
bool channels_keep_last(const char *stream_file);

/* For how long a channel made so is to keep events, in ns; 0: as long as there is room. */
int64_t channels_kept_ns(const struct lttng_channel_attr *attr);

#endif
