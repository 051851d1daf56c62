/* The command that is about to run: where it is, and whether a preload can work in it. */
#ifndef PREFLAME_VIEWER_SESSION_TARGET_H
#define PREFLAME_VIEWER_SESSION_TARGET_H

#include "base/compiler.h"

#include <stddef.h>

/* Finds `name` as execvp would: as a path when it has a slash, else on PATH. 0, -ENOENT, -EACCES (found but
 * not executable, or a folder), -ENAMETOOLONG. */
int target_find(const char *name, char *ret_path, size_t path_size) MUST_USE;

/* Why LD_PRELOAD cannot work in the program (or in the interpreter of a script), as the rest of a sentence
 * that begins with its name: "is statically linked". NULL when nothing is known to stand in the way. */
const char *target_preload_obstacle(const char *path);

/* The sanitizer that the program (or the interpreter of a script) was built with, if its runtime ends
 * programs in which something is preloaded: "AddressSanitizer". NULL when there is none, or it can't be read.
 */
const char *target_sanitizer(const char *path);

#endif
