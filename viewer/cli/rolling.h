/* Profiles kept as files, TYPE.NUMBER.pprof, of which only the newest stay. */
#ifndef PREFLAME_VIEWER_CLI_ROLLING_H
#define PREFLAME_VIEWER_CLI_ROLLING_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"

struct rolling {
    const char *folder;   /* NULL: nothing is kept; borrowed */
    const char *behind;   /* what is put behind each name: "" or ".PID"; borrowed */
    unsigned long keep;   /* how many of each type */
    unsigned long number; /* of the current files */
};

/* Makes the folder, if missing, and goes on behind the highest number there. 0 or negative errno. */
int rolling_begin(struct rolling *rolling) MUST_USE;
/* Writes the current file of a type, and removes the oldest beyond `keep`. 0, or EXIT_FAILED after one line
 * on stderr. */
int rolling_put(const struct rolling *rolling, const char *type, const struct profile *profile) MUST_USE;

#endif
