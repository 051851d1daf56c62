/* Reading a whole file, pipe or memory file. */
#ifndef PREFLAME_VIEWER_CLI_READ_FILE_H
#define PREFLAME_VIEWER_CLI_READ_FILE_H

#include "base/bytes.h"
#include "base/compiler.h"

/* Appends all of `path` (NULL or "-": standard input) to `data`, whose cap bounds it. 0 or negative errno;
 * -EFBIG beyond the cap. */
int read_file(const char *path, struct bytes *data) MUST_USE;

#endif
