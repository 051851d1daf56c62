/* The profiles that are counted all the time, as they are now. */
#ifndef PREFLAME_BOOT_PROFILES_H
#define PREFLAME_BOOT_PROFILES_H

#include "boot/door.h"
#include "exporters/kinds.h"

/* Boot-only. */
void profiles_init(const struct engine_host *host);
/* The profile of `kind` since the start, raw (addresses and mappings); with `has_both`, with the other side's
 * stacks. 0 or negative errno. Any thread but handlers. */
int profiles_take(const struct profile_kind *kind, bool has_both, struct profile **ret) MUST_USE;
/* How many stacks it holds. Any thread. */
uint64_t profiles_count(const struct profile_kind *kind);
/* The sum of all that it holds: changes with every event counted. Any thread. */
uint64_t profiles_sum(const struct profile_kind *kind);
/* A forked child's are its own; its heap is what it inherited. */
void profiles_after_fork_child(void);

#endif
