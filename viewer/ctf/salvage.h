/* A trace of which Babeltrace refuses the whole because of one stream file, taken apart: each stream file
 * becomes a trace of its own, made of symbolic links in a temporary folder. */
#ifndef PREFLAME_VIEWER_SALVAGE_H
#define PREFLAME_VIEWER_SALVAGE_H

#include "base/compiler.h"

#include <stddef.h>
#include <sys/types.h>

#define SALVAGE_MAX_STREAMS 1024u

/* Zeroed: nothing made yet. */
struct salvage {
    char root[1024]; /* "" until made; removed by salvage_clear */
    size_t count;    /* folders made: root/0, root/1, … */
};

/* Makes one folder with the metadata of `trace_dir` and, unless `stream` is NULL, that stream file of it.
 * Writes its path to `ret`. 0 or negative errno: -E2BIG past SALVAGE_MAX_STREAMS. */
int salvage_make(struct salvage *s, const char *trace_dir, const char *stream, char *ret,
                 size_t ret_size) MUST_USE;
/* Removes everything that was made. */
void salvage_clear(struct salvage *s);
/* Removes what a child of this process, which died of Babeltrace, had made. */
void salvage_clear_after(pid_t child);

#endif
