/* Where functions start, by the unwind tables: what is left to group samples by when there is no symbol. */
#ifndef PREFLAME_EXPORTERS_FRAME_STARTS_H
#define PREFLAME_EXPORTERS_FRAME_STARTS_H

#include "exporters/symbols/elf_file.h"

#include <stdbool.h>

struct frame_starts {
    struct elf_part table;   /* the search table behind the .eh_frame_hdr header: pairs of 32-bit offsets */
    struct elf_part segment; /* the read-only segment that holds .eh_frame */
    uint64_t segment_vaddr;
    uint64_t header_vaddr; /* what the offsets count from */
    size_t count;          /* pairs */
};

/* Loads the tables; without usable ones every lookup fails. `file` may be closed afterwards, but an image
 * must stay. 0, or -ENOMEM or -errno of pread. */
int frame_starts_load(const struct elf_file *file, struct frame_starts *starts) MUST_USE;
/* Is `vaddr` inside a function that the table knows? Then *ret_start is its start. Thread-safe. */
bool frame_starts_find(const struct frame_starts *starts, uint64_t vaddr, uint64_t *ret_start);
void frame_starts_clear(struct frame_starts *starts);

#endif
