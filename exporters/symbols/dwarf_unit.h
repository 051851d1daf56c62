/* One compilation unit of an object's DWARF, indexed on first use: its functions by address, and the scopes
 * that their qualified names are made of. */
#ifndef PREFLAME_EXPORTERS_DWARF_UNIT_H
#define PREFLAME_EXPORTERS_DWARF_UNIT_H

#include "base/compiler.h"
#include "exporters/symbols/spans.h"

#include <elfutils/libdw.h>
#include <stdbool.h>

/* A namespace, class or function that names are written inside of. */
struct dwarf_scope {
    uint32_t parent;    /* index of another scope; 0 is the unit itself */
    const char *name;   /* borrowed from the DWARF; NULL for a function, whose name needs work */
    Dwarf_Off function; /* offset of a function's DIE */
};

/* Every subprogram DIE, declared or defined, in order of its offset. */
struct dwarf_declaration {
    Dwarf_Off offset;
    uint32_t scope;
};

struct dwarf_unit {
    Dwarf_Die die; /* the unit's own: of the .dwo file when the DWARF is split and the file is there */
    bool is_indexed;
    bool is_scoped;         /* a language whose names are qualified: C++, Rust, D */
    struct spans functions; /* by address; ids index declarations */
    struct dwarf_scope *scopes;
    size_t scope_count, scope_room;
    struct dwarf_declaration *declarations;
    size_t declaration_count, declaration_room;
};

/* Walks the unit once; later calls return at once. 0 or -ENOMEM. */
int dwarf_unit_index(struct dwarf_unit *unit) MUST_USE;
/* Adds the address ranges of `die` as spans with this id, without those that the linker left for dead code.
 */
int dwarf_add_ranges(Dwarf_Die *die, struct spans *spans, uint32_t id) MUST_USE;
/* The scope that the subprogram at `offset` was written in; 0 when it isn't known. After dwarf_unit_index. */
uint32_t dwarf_unit_scope_of(const struct dwarf_unit *unit, Dwarf_Off offset);
/* Fills `chain` with the function that covers `pc` and the calls inlined into it there, outermost first; at
 * most `max`. Returns their number; 0 when no function covers it. After dwarf_unit_index. */
size_t dwarf_unit_chain(const struct dwarf_unit *unit, Dwarf_Addr pc, Dwarf_Die *chain, size_t max);
void dwarf_unit_clear(struct dwarf_unit *unit);

#endif
