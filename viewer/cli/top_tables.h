/* What `preflame top` shows of one round, as text. */
#ifndef PREFLAME_VIEWER_CLI_TOP_TABLES_H
#define PREFLAME_VIEWER_CLI_TOP_TABLES_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "exporters/profile/profile.h"

#include <stddef.h>

/* Appends the functions and the threads of a CPU profile, the costliest `max_functions` and `max_threads`. 0
 * or negative errno: -EINVAL when it is no CPU profile. */
int top_put_cpu(struct bytes *out, const struct profile *cpu, size_t max_functions,
                size_t max_threads) MUST_USE;
/* Appends the functions that made others wait for their locks, by what `after` has more than `before`, which
 * is subtracted from it. 0 or negative errno. */
int top_put_locks(struct bytes *out, const struct profile *before, struct profile *after,
                  size_t max_locks) MUST_USE;

#endif
