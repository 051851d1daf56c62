/* A snapshot to the pprof model: addresses, mappings, labels and counters; no names yet. */
#ifndef PREFLAME_EXPORTERS_CPU_PROFILE_H
#define PREFLAME_EXPORTERS_CPU_PROFILE_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"
#include "pipeline/snapshot.h"

/* Builds a profile with Go's sample types (samples/count, cpu/nanoseconds), labels `thread` and `tid`, and a
 * comment for every counter that isn't zero. 0 or negative errno. Not in handlers. */
int cpu_profile_build(const struct snapshot *snapshot, struct profile **ret) MUST_USE;

#endif
