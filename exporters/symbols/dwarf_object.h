/* The DWARF of one object, wherever it is: in the object, beside it, under /usr/lib/debug, or on a debuginfod
 * server (only when DEBUGINFOD_URLS is set). Answers what source an address came from. */
#ifndef PREFLAME_EXPORTERS_DWARF_OBJECT_H
#define PREFLAME_EXPORTERS_DWARF_OBJECT_H

#include "base/compiler.h"
#include "exporters/symbols/frames.h"

#include <stdbool.h>
#include <stddef.h>

struct dwarf_object;

/* Looks for the debug info of the object open as `fd` (not consumed) and known as `path`, first below `root`
 * ("" or NULL: this file system). An object without any is no error. 0, -ENOMEM, or -EINVAL when elfutils
 * can't read the object. One thread at a time. */
int dwarf_object_open(const char *path, int fd, const char *root, struct dwarf_object **ret) MUST_USE;
bool dwarf_object_has_dwarf(const struct dwarf_object *object);
/* The separate debug file in use, or NULL. Owned by `object`. */
const char *dwarf_object_debug_file(const struct dwarf_object *object);
/* Fills `frames` with what covers `vaddr` (p_vaddr space; for callers the return address minus 1), innermost
 * first, at most `max`; strings live as long as `object`. Returns the number of frames, 0 when nothing is
 * known, or -ENOMEM. A single frame without a name has a source line but no function (assembly). */
int dwarf_object_frames(struct dwarf_object *object, uint64_t vaddr, struct symbol_frame *frames,
                        size_t max) MUST_USE;
void dwarf_object_free(struct dwarf_object *object);

#endif
