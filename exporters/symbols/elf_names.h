/* Function names from ELF symbol tables alone: what may be read inside the target. No DWARF, no demangling.
 */
#ifndef PREFLAME_EXPORTERS_ELF_NAMES_H
#define PREFLAME_EXPORTERS_ELF_NAMES_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct elf_names; /* the function symbols of one object, sorted */

/* Reads .symtab and .dynsym (functions and IFUNCs with a size or, in assembly, without) of an ELF64
 * little-endian file image. `image` is only read during the call; every offset is checked against `len`. 0,
 * -EINVAL, -ENOMEM. */
int elf_names_from_image(const void *image, size_t len, struct elf_names **ret) MUST_USE;
/* The same from a file, by pread: a mapped file that shrinks would kill the target. Also negative errno of
 * open/read. */
int elf_names_from_file(const char *path, struct elf_names **ret) MUST_USE;
void elf_names_free(struct elf_names *names);
/* The name of the function that covers the object's virtual address `vaddr` (p_vaddr space), or NULL;
 * *ret_start (may be NULL) gets the function's start. Owned by `names`. Sized symbols cover [value,
 * value+size); unsized ones reach to the next symbol in the same section. Global names win over local ones,
 * then the shorter. Thread-safe. */
const char *elf_names_find(const struct elf_names *names, uint64_t vaddr, uint64_t *ret_start);
/* Turns a file offset into a virtual address by the PT_LOAD that covers it; UINT64_MAX when none does. */
uint64_t elf_names_vaddr_of_offset(const struct elf_names *names, uint64_t offset);

#endif
