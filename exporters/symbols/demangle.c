/* From symbol to the name that is shown: libiberty demangles, shorten.c cuts. */
#include "exporters/symbols/shorten.h"
#include "exporters/symbols/symbolize.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

/* Longer symbols are shown as they are: nobody reads them, and a hostile one costs the demangler far too
 * much. */
#define MANGLED_LEN_MAX 65536

char *demangle_short(const char *mangled)
{
    char *name = NULL;
    if (strnlen(mangled, MANGLED_LEN_MAX) < MANGLED_LEN_MAX) {
        /* Rust first: its legacy names are valid C++ names with a hash as last part. */
        name = rust_demangle(mangled, 0);
        if (!name)
            name = cplus_demangle_v3(mangled, 0);
    }
    if (name) {
        shorten_name(name);
        return name;
    }
    name = strdup(mangled);
    if (name)
        cut_symbol_suffix(name);
    return name;
}
