/* Names for addresses: a profile without lines in, the same profile with functions, files, lines and inlines
 * out. Runs outside the target, in the `preflame` command; reads DWARF through elfutils. */
#ifndef PREFLAME_EXPORTERS_SYMBOLIZE_H
#define PREFLAME_EXPORTERS_SYMBOLIZE_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"

struct symbolize_options {
    const char *cache_dir; /* where resolved frames are kept by build id, or NULL for no cache */
    const char *root;      /* before paths: "" is this file system, "/proc/PID/root" a container's */
    const char *perf_map;  /* names code outside every file (perf_map.h), or NULL */
};

/* Makes a new profile equal to `in` in which every location has at least one line: innermost inline first;
 * functions' `name` demangled without parameters and template arguments as pprof shows them; `system_name` as
 * in the symbol table, "" when none has the name (inlined code of unnamed namespaces); file and start_line
 * set when DWARF knows them. An address with no symbol becomes `lib.so+0xoffset`, where offset is the start
 * of the function when unwind tables know it (so that samples of one unnamed function stay together), in the
 * object's own address space. Mappings that hold a location get all four has_* flags (the Go tool destroys
 * half-symbolized profiles). Code outside every file has the name that the perf map gives it, or its address.
 * Locations that already have lines are kept. 0 or negative errno; unreadable objects are not errors. */
int symbolize_profile(const struct profile *in, const struct symbolize_options *options,
                      struct profile **ret) MUST_USE;

/* `mangled` (C++ or Rust, legacy and v0) as pprof shows it: no parameters, no template arguments, Rust hash
 * cut. Returns a malloc'ed string owned by the caller; a name that isn't mangled is copied without what
 * compilers and linkers add (".cold", ".isra.0", "@@GLIBC_2.34"). NULL without memory. Thread-safe. */
char *demangle_short(const char *mangled) MUST_USE;

#endif
