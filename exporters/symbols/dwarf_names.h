/* Names of functions in DWARF: the linkage name, or one made of the scopes that the function was written in.
 */
#ifndef PREFLAME_EXPORTERS_DWARF_NAMES_H
#define PREFLAME_EXPORTERS_DWARF_NAMES_H

#include "base/map.h"
#include "exporters/symbols/dwarf_unit.h"

/* Names that had to be made, and the units of the object, by which scopes are found. */
struct dwarf_names {
    struct dwarf_unit *units; /* borrowed */
    struct map unit_ids;      /* Dwarf_CU pointer -> index of unit */
    struct map made_ids;      /* DIE address -> index of made name */
    char **made;              /* owned, each too */
    size_t made_count, made_room;
};

/* The name of a subprogram or inlined call: mangled when there is a linkage name, plain for C, else qualified
 * and short: "(anonymous namespace)::Box::put". NULL when it has none or without memory. Lives as long as
 * `names` and the DWARF. */
const char *dwarf_names_of(struct dwarf_names *names, Dwarf_Die *die);
void dwarf_names_clear(struct dwarf_names *names);

#endif
