/* A folder as one file: a tar archive in POSIX' ustar format. */
#ifndef PREFLAME_VIEWER_SESSION_TAR_H
#define PREFLAME_VIEWER_SESSION_TAR_H

#include "base/bytes.h"
#include "base/compiler.h"

/* Appends an archive of the folders and files below `directory`, which unpacks as a folder `name`; owners and
 * rights are not kept. What is neither folder nor file is left out. 0, -EFBIG beyond the cap of `out`,
 * -ENAMETOOLONG for a path of more than 99 bytes, or another negative errno; `out` is then of no use. */
int tar_folder(const char *directory, const char *name, struct bytes *out) MUST_USE;

#endif
