/* Where a command's result goes: a file that appears whole or not at all, or standard output. */
#ifndef PREFLAME_VIEWER_CLI_OUTPUT_H
#define PREFLAME_VIEWER_CLI_OUTPUT_H

#include "base/bytes.h"
#include "base/compiler.h"

#define OUTPUT_MAX_BYTES ((size_t)1 << 30)

/* Writes `out` to `path`, or to standard output for NULL and "-". An exit status; a failure is one line on
 * stderr. */
int output_write(const char *path, const struct bytes *out) MUST_USE;

#endif
