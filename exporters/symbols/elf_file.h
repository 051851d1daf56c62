/* A bounds-checked view of one ELF64 little-endian object, in memory or in a file. Reads parts; interprets no
 * names.
 *
 * Files are read with pread, never mapped: a file that another process truncates must not raise SIGBUS in the
 * program that is being profiled. */
#ifndef PREFLAME_EXPORTERS_ELF_FILE_H
#define PREFLAME_EXPORTERS_ELF_FILE_H

#include "base/compiler.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

/* 64 bytes of build id are more than any linker writes (20 is usual). */
#define BUILD_ID_HEX_SIZE (2 * 64 + 1)

/* A piece of the object: borrowed from the image, or a copy that elf_part_clear frees. */
struct elf_part {
    const uint8_t *data;
    size_t len;
    void *owned; /* NULL when borrowed */
};

struct elf_file {
    const uint8_t *image; /* borrowed; NULL when read through fd */
    int fd;               /* owned; -1 when there is an image */
    uint64_t len;         /* bytes in the object */
    Elf64_Ehdr header;
    Elf64_Phdr *segments; /* owned copy */
    size_t segment_count;
    Elf64_Shdr *sections; /* owned copy */
    size_t section_count;
};

/* Opens the object at `image`, which must outlive `file`. 0, -EINVAL (not ET_EXEC or ET_DYN, or malformed),
 * -ENOMEM. Thread-safe. */
int elf_file_from_image(const void *image, size_t len, struct elf_file *file) MUST_USE;
/* The same for a regular file; anything else (a pipe, a device) is -EINVAL. Also negative errno of open,
 * fstat and pread. Thread-safe. */
int elf_file_open(const char *path, struct elf_file *file) MUST_USE;
/* Closes and frees. Fine on a zeroed struct whose fd is -1, and twice. */
void elf_file_clear(struct elf_file *file);

/* Gives `len` bytes at `offset`; the caller clears the part. 0, -EINVAL when they are not all in the object,
 * -ENOMEM, -errno of pread. Thread-safe. */
int elf_file_part(const struct elf_file *file, uint64_t offset, uint64_t len, struct elf_part *ret) MUST_USE;
void elf_part_clear(struct elf_part *part);

/* The section at `index`, or NULL when there is none. */
const Elf64_Shdr *elf_file_section(const struct elf_file *file, size_t index);
/* The first segment of `type`, or NULL. */
const Elf64_Phdr *elf_file_segment(const struct elf_file *file, uint32_t type);
/* Writes the GNU build id as lower-case hex, or "" when there is none. Thread-safe. */
void elf_file_build_id(const struct elf_file *file, char ret_hex[BUILD_ID_HEX_SIZE]);
/* Turns a file offset into a virtual address by the PT_LOAD that covers it, an executable one first;
 * UINT64_MAX when none does. Pure. */
uint64_t elf_vaddr_of_offset(const Elf64_Phdr *segments, size_t segment_count, uint64_t offset);

#endif
