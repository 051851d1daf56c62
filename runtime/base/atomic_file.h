/* Files appear whole or not at all: written aside, then renamed. */
#ifndef PREFLAME_BASE_ATOMIC_FILE_H
#define PREFLAME_BASE_ATOMIC_FILE_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Writes `len` bytes to `path` through a fresh 0600 file in the same folder (O_EXCL|O_NOFOLLOW), then renames
 * it. With `is_exclusive`, an existing `path` is kept and -EEXIST returned. 0 or negative errno; on failure
 * nothing is left behind. Any thread. */
int atomic_file_write(const char *path, const void *data, size_t len, bool is_exclusive) MUST_USE;

#endif
