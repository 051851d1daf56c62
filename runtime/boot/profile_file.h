/* From a raw profile to a named one on disk. */
#ifndef PREFLAME_BOOT_PROFILE_FILE_H
#define PREFLAME_BOOT_PROFILE_FILE_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"

/* Gives the profile names (by the helper, or else from symbol tables: then `profile` changes) and writes it
 * to `path`, whole or not at all. Waits for the helper, ten seconds at most. 0 or negative errno. Not in
 * handlers. */
int profile_file_write(struct profile *profile, const char *path) MUST_USE;

#endif
