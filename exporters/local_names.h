/* Names from ELF symbol tables, in the process: for single addresses, and for whole profiles when no helper
 * can. */
#ifndef PREFLAME_EXPORTERS_LOCAL_NAMES_H
#define PREFLAME_EXPORTERS_LOCAL_NAMES_H

#include "exporters/profile/profile.h"

#include <stddef.h>
#include <stdint.h>

/* The name of the function at `pc`, which lies in a segment of `path` that starts at `low` with the file's
 * byte `file_offset`; `basename+0xoffset` when the tables have none. Returns where the function
 * starts, 0 when unknown. Tables are kept, by path. Not thread-safe. */
uint64_t local_name(const char *path, uint64_t low, uint64_t file_offset, uint64_t pc, char *name,
                    size_t size);

/* Gives every location of `p` without lines one line, and its mapping the has_* flags: Go's pprof destroys
 * names of half-symbolized profiles. On failure `p` stays as it was. Not thread-safe. */
void local_names_finish(struct profile *p);

#endif
