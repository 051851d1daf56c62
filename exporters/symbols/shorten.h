/* Cuts what makes demangled C++ and Rust names long: parameters, template and generic arguments, clone marks.
 */
#ifndef PREFLAME_EXPORTERS_SHORTEN_H
#define PREFLAME_EXPORTERS_SHORTEN_H

/* Shortens the demangled `name` in place, as pprof shows it: "ns::Box<int>::put(int) const" becomes
 * "ns::Box::put". Kept: operator names, "(anonymous namespace)", "{lambda(int)#1}", "<lambda(int)>", Rust's
 * "<T as Trait>::f",
 * "[abi:…]". Linear in the length. Thread-safe. */
void shorten_name(char *name);
/* Cuts what compilers and linkers add to a symbol that isn't mangled, in place: ".cold", ".isra.0",
 * ".llvm.123",
 * "@@GLIBC_2.34". "@plt" stays, for a stub isn't the function. Thread-safe. */
void cut_symbol_suffix(char *symbol);

#endif
