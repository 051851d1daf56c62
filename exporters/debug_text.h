/* Profiles as Go's ?debug=1 texts, which people read and pprof parses. */
#ifndef PREFLAME_EXPORTERS_DEBUG_TEXT_H
#define PREFLAME_EXPORTERS_DEBUG_TEXT_H

#include "base/bytes.h"
#include "exporters/kinds.h"

/* The start of the function around `pc`, or `pc` when unknown. */
typedef uint64_t (*function_start_fn)(void *context, uint64_t pc);

/* Appends `profile` (of `kind`, with names) as text: runtime/pprof's layout by kind (heap, contention or
 * count), largest first, then the mappings, by which pprof finds the names again. 0 or negative errno. Not in
 * handlers. */
int debug_text(const struct profile_kind *kind, const struct profile *profile, function_start_fn start,
               void *context, struct bytes *out) MUST_USE;

#endif
