/* A snapshot to the pprof model: addresses, mappings, labels and counters; no names yet. */
#ifndef PREFLAME_EXPORTERS_BUILD_H
#define PREFLAME_EXPORTERS_BUILD_H

#include "exporters/kinds.h"

/* Builds a profile of `kind`, with a comment for every counter of losses that isn't zero. With `has_both`,
 * the other side's stack stands below the leaf, behind a frame `--`: its leaf first, its root as the new
 * leaf. 0 or negative errno. Not in handlers. */
int profile_build(const struct profile_kind *kind, const struct snapshot *snapshot, bool has_both,
                  struct profile **ret) MUST_USE;

#endif
