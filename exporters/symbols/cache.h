/* Frames kept between runs: what the DWARF of one object said about addresses, in one text file per build id.
 * Only DWARF is kept. Symbol tables are quick to read, and what they say changes when debug info gets
 * installed. */
#ifndef PREFLAME_EXPORTERS_SYMBOL_CACHE_H
#define PREFLAME_EXPORTERS_SYMBOL_CACHE_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "exporters/symbols/frames.h"

#include <stdbool.h>
#include <stddef.h>

struct cache_entry {
    uint64_t vaddr;
    uint32_t first, count; /* slice of frames */
};

struct frame_cache {
    char *path;                  /* owned; NULL = nothing is kept */
    struct bytes text;           /* the file's; the frames' strings point into it */
    struct cache_entry *entries; /* owned, by address */
    size_t entry_count, entry_room;
    struct symbol_frame *frames; /* owned */
    size_t frame_count, frame_room;
    struct bytes added; /* entries of this run, as text */
};

/* Loads the file of `build_id` in `directory`; a missing, damaged or foreign one is the same as an empty one.
 * Without a directory or build id nothing is kept. 0 or -ENOMEM. */
int frame_cache_load(const char *directory, const char *build_id, struct frame_cache *cache) MUST_USE;
/* Copies the frames kept for `vaddr` (at most `max`); their strings live as long as `cache`. The number of
 * frames, which may be 0, or -ENOENT. */
int frame_cache_find(const struct frame_cache *cache, uint64_t vaddr, struct symbol_frame *frames,
                     size_t max);
/* Remembers what was found; what cannot be kept (strings with control characters) is left out. */
void frame_cache_add(struct frame_cache *cache, uint64_t vaddr, const struct symbol_frame *frames,
                     size_t count);
/* Writes the file when anything was added, and the directory (mode 0700) when it is missing. A file that
 * would grow too large keeps only this run's. 0 or negative errno. */
int frame_cache_save(const struct frame_cache *cache) MUST_USE;
void frame_cache_clear(struct frame_cache *cache);

#endif
