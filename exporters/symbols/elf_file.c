/* The view of an ELF object: headers, parts, segments and the build id; every offset is checked against the
 * length. */
#include "exporters/symbols/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, uint8_t *to, size_t len, uint64_t offset)
{
    while (len) {
        ssize_t done = pread(fd, to, len, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EINVAL;
        to += done;
        len -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

int elf_file_part(const struct elf_file *file, uint64_t offset, uint64_t len, struct elf_part *ret)
{
    *ret = (struct elf_part){0};
    if (offset > file->len || len > file->len - offset)
        return -EINVAL;
    ret->len = (size_t)len;
    if (file->image) {
        ret->data = file->image + offset;
        return 0;
    }
    ret->owned = malloc(len ? (size_t)len : 1);
    if (!ret->owned)
        return -ENOMEM;
    ret->data = ret->owned;
    int error = read_all(file->fd, ret->owned, (size_t)len, offset);
    if (error)
        elf_part_clear(ret);
    return error;
}

void elf_part_clear(struct elf_part *part)
{
    free(part->owned);
    *part = (struct elf_part){0};
}

/* Copies a header table, so that the copies are aligned and no longer depend on the image. */
static int copy_table(const struct elf_file *file, uint64_t offset, size_t count, size_t entry_size,
                      void *ret)
{
    struct elf_part part;
    int error = elf_file_part(file, offset, (uint64_t)count * entry_size, &part);
    if (error)
        return error;
    void *copy = malloc(part.len ? part.len : 1);
    if (copy) {
        memcpy(copy, part.data, part.len);
        memcpy(ret, &copy, sizeof(copy));
    }
    elf_part_clear(&part);
    return copy ? 0 : -ENOMEM;
}

static int check_header(const Elf64_Ehdr *header)
{
    const unsigned char *ident = header->e_ident;
    if (memcmp(ident, ELFMAG, SELFMAG) != 0 || ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
        return -EINVAL;
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return -EINVAL;
    if (header->e_phnum && header->e_phentsize != sizeof(Elf64_Phdr))
        return -EINVAL;
    return 0;
}

/* An object without usable section headers still has its segments. More than 65279 sections are kept in
 * sh_size of section 0 (gABI, "e_shnum"). */
static int read_sections(struct elf_file *file)
{
    const Elf64_Ehdr *header = &file->header;
    if (!header->e_shoff || header->e_shentsize != sizeof(Elf64_Shdr))
        return 0;
    uint64_t count = header->e_shnum;
    if (!count) {
        struct elf_part first;
        if (elf_file_part(file, header->e_shoff, sizeof(Elf64_Shdr), &first))
            return 0;
        Elf64_Shdr section;
        memcpy(&section, first.data, sizeof(section));
        elf_part_clear(&first);
        count = section.sh_size;
    }
    if (count > file->len / sizeof(Elf64_Shdr))
        return 0;
    int error = copy_table(file, header->e_shoff, (size_t)count, sizeof(Elf64_Shdr), &file->sections);
    if (!error)
        file->section_count = (size_t)count;
    return error == -EINVAL ? 0 : error;
}

static int read_headers(struct elf_file *file)
{
    struct elf_part part;
    int error = elf_file_part(file, 0, sizeof(file->header), &part);
    if (error)
        return error;
    memcpy(&file->header, part.data, sizeof(file->header));
    elf_part_clear(&part);
    error = check_header(&file->header);
    if (error)
        return error;
    size_t count = file->header.e_phnum;
    error = copy_table(file, file->header.e_phoff, count, sizeof(Elf64_Phdr), &file->segments);
    if (error)
        return error;
    file->segment_count = count;
    return read_sections(file);
}

int elf_file_from_image(const void *image, size_t len, struct elf_file *file)
{
    *file = (struct elf_file){.image = image, .fd = -1, .len = len};
    int error = image ? read_headers(file) : -EINVAL;
    if (error)
        elf_file_clear(file);
    return error;
}

int elf_file_open(const char *path, struct elf_file *file)
{
    *file = (struct elf_file){.fd = -1};
    struct stat status;
    /* A path in somebody's trace may name a device, and to open some is to act. */
    if (stat(path, &status))
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    /* O_NONBLOCK: a pipe in the place of an object must not hang us. */
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file->fd < 0)
        return -errno;
    int error = fstat(file->fd, &status) ? -errno : 0;
    if (!error && !S_ISREG(status.st_mode))
        error = -EINVAL;
    if (!error) {
        file->len = (uint64_t)status.st_size;
        error = read_headers(file);
    }
    if (error)
        elf_file_clear(file);
    return error;
}

void elf_file_clear(struct elf_file *file)
{
    free(file->segments);
    free(file->sections);
    if (!file->image && file->fd >= 0)
        close(file->fd);
    *file = (struct elf_file){.fd = -1};
}

const Elf64_Shdr *elf_file_section(const struct elf_file *file, size_t index)
{
    return index < file->section_count ? &file->sections[index] : NULL;
}

const Elf64_Phdr *elf_file_segment(const struct elf_file *file, uint32_t type)
{
    for (size_t i = 0; i < file->segment_count; i++)
        if (file->segments[i].p_type == type)
            return &file->segments[i];
    return NULL;
}

/* Looks for the build id in one run of notes. Note fields are 4-byte aligned whatever p_align says, except in
 * 8-aligned segments, which hold only .note.gnu.property. */
static void build_id_in_notes(const uint8_t *at, size_t len, char *hex)
{
    Elf64_Nhdr note;
    while (!*hex && len >= sizeof(note)) {
        memcpy(&note, at, sizeof(note));
        uint64_t name_size = ((uint64_t)note.n_namesz + 3) & ~UINT64_C(3);
        uint64_t desc_size = ((uint64_t)note.n_descsz + 3) & ~UINT64_C(3);
        uint64_t size = sizeof(note) + name_size + desc_size;
        if (sizeof(note) + name_size + note.n_descsz > len)
            return;
        const uint8_t *desc = at + sizeof(note) + name_size;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof(note), "GNU", 4) == 0 && note.n_descsz <= (BUILD_ID_HEX_SIZE - 1) / 2) {
            for (size_t i = 0; i < note.n_descsz; i++) {
                hex[2 * i] = "0123456789abcdef"[desc[i] >> 4];
                hex[2 * i + 1] = "0123456789abcdef"[desc[i] & 15];
            }
            hex[2 * (size_t)note.n_descsz] = '\0';
        }
        if (size > len)
            return;
        at += size;
        len -= (size_t)size;
    }
}

void elf_file_build_id(const struct elf_file *file, char ret_hex[BUILD_ID_HEX_SIZE])
{
    ret_hex[0] = '\0';
    for (size_t i = 0; i < file->segment_count && !ret_hex[0]; i++) {
        const Elf64_Phdr *segment = &file->segments[i];
        struct elf_part notes;
        if (segment->p_type != PT_NOTE || segment->p_filesz > (1 << 20) ||
            elf_file_part(file, segment->p_offset, segment->p_filesz, &notes))
            continue;
        build_id_in_notes(notes.data, notes.len, ret_hex);
        elf_part_clear(&notes);
    }
}

uint64_t elf_vaddr_of_offset(const Elf64_Phdr *segments, size_t segment_count, uint64_t offset)
{
    uint64_t vaddr = UINT64_MAX;
    for (size_t i = 0; i < segment_count; i++) {
        const Elf64_Phdr *segment = &segments[i];
        if (segment->p_type != PT_LOAD || offset < segment->p_offset ||
            offset - segment->p_offset >= segment->p_filesz)
            continue;
        vaddr = segment->p_vaddr + (offset - segment->p_offset);
        if (segment->p_flags & PF_X)
            break;
    }
    return vaddr;
}
