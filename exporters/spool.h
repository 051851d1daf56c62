/* The spool: what a process that is killed leaves behind, raw profiles one after the other in one file. Pure:
 * bytes only.
 *
 * "preflame spool 1\n", then for each profile a line "NAME LENGTH\n" and LENGTH bytes of profile.proto. */
#ifndef PREFLAME_EXPORTERS_SPOOL_H
#define PREFLAME_EXPORTERS_SPOOL_H

#include "base/bytes.h"
#include "base/compiler.h"

#include <stddef.h>

#define SPOOL_NAME_MAX 31
#define SPOOL_PROFILES_MAX 64

/* Begins an empty spool in `out`. Failures are `out`'s. */
void spool_begin(struct bytes *out);
/* Appends a profile. `name` has letters, digits and `_` only, SPOOL_NAME_MAX at most. Failures are `out`'s.
 */
void spool_add(struct bytes *out, const char *name, const void *data, size_t len);

/* Calls `each` with every profile, in order, until it returns non-zero, which is then returned. Everything is
 * checked: -EINVAL for what is no spool, or is cut short; profiles before the cut are visited. */
int spool_each(const void *data, size_t len,
               int (*each)(void *context, const char *name, const void *profile, size_t profile_len),
               void *context) MUST_USE;

#endif
