/* One object of a profile, with every source of names it has, asked in order: cache, DWARF, symbol tables,
 * unwind tables. Opened only when its build id is the mapping's: a wrong name is worse than none. */
#ifndef PREFLAME_EXPORTERS_SYMBOL_OBJECT_H
#define PREFLAME_EXPORTERS_SYMBOL_OBJECT_H

#include "exporters/symbols/cache.h"
#include "exporters/symbols/dwarf_object.h"
#include "exporters/symbols/elf_file.h"
#include "exporters/symbols/elf_names.h"
#include "exporters/symbols/frame_starts.h"
#include "exporters/symbols/symbolize.h"

struct symbol_object {
    char *path;           /* owned; with the root, without " (deleted)" */
    const char *basename; /* what fallback names begin with */
    const char *root;     /* borrowed */
    bool is_usable;       /* the file is there and is the right one */
    struct elf_file file;
    bool has_tried_dwarf, has_names, has_starts;
    struct dwarf_object *dwarf; /* NULL until asked for, or when there is none */
    struct elf_names *names;
    struct elf_names *debug_names; /* of the separate debug file */
    struct frame_starts starts;
    struct frame_cache cache;
    char fallback[512]; /* the last "lib.so+0x…" */
};

/* Prepares the object that a mapping calls `file` with this build id ("" = unknown: any will do). A missing,
 * foreign or unreadable file is no error: such an object only gives fallback names. `options` must outlive
 * `object`. 0 or -ENOMEM. */
int symbol_object_open(const char *file, const char *build_id, const struct symbolize_options *options,
                       struct symbol_object *object) MUST_USE;
/* Names the code at `offset` of the file: at least one frame, each with a name, innermost first, at most
 * `max`. Strings live as long as `object`, fallback names until the next call. The number of frames, or
 * -ENOMEM. */
int symbol_object_frames(struct symbol_object *object, uint64_t offset, struct symbol_frame *frames,
                         size_t max) MUST_USE;
/* Keeps what was found for the next time, as far as that works, and frees everything. */
void symbol_object_close(struct symbol_object *object);

#endif
