/* Finding CTF traces: folders that hold a file named `metadata`. */
#ifndef PREFLAME_VIEWER_TRACE_DIRS_H
#define PREFLAME_VIEWER_TRACE_DIRS_H

#include "base/compiler.h"

#include <stddef.h>

#define TRACE_DIRS_MAX 1024u    /* traces of one session */
#define TRACE_DIRS_MAX_DEPTH 12 /* folders below the one given */

struct trace_dirs {
    char **paths; /* owned, sorted */
    size_t count;
};

/* Walks `root` without following symbolic links. 0 (perhaps with no traces), or negative errno: -E2BIG past
 * TRACE_DIRS_MAX, -ENOENT, -ENOTDIR, -EACCES, -ENOMEM. */
int trace_dirs_find(const char *root, struct trace_dirs *ret) MUST_USE;
void trace_dirs_clear(struct trace_dirs *dirs);

#endif
