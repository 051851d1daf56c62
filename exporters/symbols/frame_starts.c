/* Lookups in .eh_frame_hdr's search table (LSB Core, "Exception Frames"). Each hit is checked against the
 * length in its FDE: the gap behind a function belongs to nobody. */
#include "exporters/symbols/frame_starts.h"

#include <errno.h>
#include <string.h>

/* DW_EH_PE_*: the encodings that GNU ld, gold, lld and mold write. */
enum {
    PE_SDATA4 = 0x0b,
    PE_UDATA4 = 0x03,
    PE_SDATA8 = 0x0c,
    PE_UDATA8 = 0x04,
    PE_ABSPTR = 0x00,
    PE_DATAREL = 0x30
};

#define HEADER_SIZE 12 /* version, three encodings, eh_frame pointer, count */
#define PAIR_SIZE 8

static int32_t get_i32(const uint8_t *at)
{
    int32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static uint32_t get_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static int load_table(const struct elf_file *file, const Elf64_Phdr *header, struct frame_starts *starts)
{
    struct elf_part head;
    int error = elf_file_part(file, header->p_offset, HEADER_SIZE, &head);
    if (error)
        return error;
    bool is_usual = head.data[0] == 1 && (head.data[2] & 0x0f) == PE_UDATA4 &&
                    head.data[3] == (PE_DATAREL | PE_SDATA4) &&
                    ((head.data[1] & 0x0f) == PE_SDATA4 || (head.data[1] & 0x0f) == PE_UDATA4);
    uint64_t count = get_u32(head.data + 8);
    elf_part_clear(&head);
    if (!is_usual || header->p_filesz < HEADER_SIZE || count > (header->p_filesz - HEADER_SIZE) / PAIR_SIZE)
        return -EINVAL;
    error = elf_file_part(file, header->p_offset + HEADER_SIZE, count * PAIR_SIZE, &starts->table);
    starts->count = error ? 0 : (size_t)count;
    starts->header_vaddr = header->p_vaddr;
    return error;
}

/* .eh_frame lies in the same segment as its header: the table's offsets are 32 bits and both are read-only
 * data. */
static int load_segment(const struct elf_file *file, const Elf64_Phdr *header, struct frame_starts *starts)
{
    for (size_t i = 0; i < file->segment_count; i++) {
        const Elf64_Phdr *segment = &file->segments[i];
        if (segment->p_type != PT_LOAD || header->p_vaddr < segment->p_vaddr ||
            header->p_vaddr - segment->p_vaddr >= segment->p_filesz)
            continue;
        starts->segment_vaddr = segment->p_vaddr;
        return elf_file_part(file, segment->p_offset, segment->p_filesz, &starts->segment);
    }
    return -EINVAL;
}

int frame_starts_load(const struct elf_file *file, struct frame_starts *starts)
{
    *starts = (struct frame_starts){0};
    const Elf64_Phdr *header = elf_file_segment(file, PT_GNU_EH_FRAME);
    if (!header)
        return 0;
    int error = load_table(file, header, starts);
    if (!error)
        error = load_segment(file, header, starts);
    if (error)
        frame_starts_clear(starts);
    return error == -EINVAL ? 0 : error;
}

/* The entry (CIE or FDE) at `vaddr`, or NULL when it isn't all in the segment. 64-bit entries don't occur in
 * .eh_frame of real linkers and are refused. */
static const uint8_t *entry_at(const struct frame_starts *starts, uint64_t vaddr, size_t *ret_len)
{
    uint64_t offset = vaddr - starts->segment_vaddr;
    if (vaddr < starts->segment_vaddr || starts->segment.len < 8 || offset > starts->segment.len - 8)
        return NULL;
    const uint8_t *entry = starts->segment.data + offset;
    uint32_t len = get_u32(entry);
    if (len < 8 || len > starts->segment.len - offset - 4)
        return NULL;
    *ret_len = (size_t)len + 4;
    return entry;
}

/* Moves past one LEB128 number. */
static size_t skip_leb(const uint8_t *data, size_t len, size_t at)
{
    while (at < len && data[at] & 0x80)
        at++;
    return at + 1;
}

/* The pointer encoding that the CIE's augmentation 'R' names, absolute without it, or -EINVAL. */
static int encoding_of(const uint8_t *cie, size_t len)
{
    const size_t text = 9; /* behind length, id and version */
    if (len < text + 1 || get_u32(cie + 4) != 0 || (cie[8] != 1 && cie[8] != 3))
        return -EINVAL;
    size_t text_len = strnlen((const char *)cie + text, len - text);
    if (text_len == len - text)
        return -EINVAL;
    if (cie[text] != 'z')
        return cie[text] ? -EINVAL : PE_ABSPTR;
    size_t at = skip_leb(cie, len, text + text_len + 1); /* code alignment */
    at = skip_leb(cie, len, at);                         /* data alignment */
    at = cie[8] == 1 ? at + 1 : skip_leb(cie, len, at);  /* return register */
    at = skip_leb(cie, len, at);                         /* length of what follows */
    for (const uint8_t *letter = cie + text + 1; *letter && at < len; letter++) {
        if (*letter == 'R')
            return cie[at];
        if (*letter == 'L')
            at++;
        else if (*letter == 'P')
            at += 1 + ((cie[at] & 0x07) == (PE_UDATA8 & 0x07) || (cie[at] & 0x0f) == PE_ABSPTR ? 8u : 4u);
        else if (*letter != 'S' && *letter != 'B')
            return -EINVAL;
    }
    return PE_ABSPTR;
}

/* The length in bytes of the code that the FDE at `vaddr` describes, or 0. */
static uint64_t code_len_of(const struct frame_starts *starts, uint64_t vaddr)
{
    size_t len, cie_len;
    const uint8_t *fde = entry_at(starts, vaddr, &len);
    if (!fde || !get_u32(fde + 4))
        return 0;
    const uint8_t *cie = entry_at(starts, vaddr + 4 - get_u32(fde + 4), &cie_len);
    int encoding = cie ? encoding_of(cie, cie_len) : -EINVAL;
    if (encoding < 0)
        return 0;
    int format = encoding & 0x0f;
    if ((format == PE_SDATA4 || format == PE_UDATA4) && len >= 16)
        return get_u32(fde + 12);
    uint64_t code_len = 0;
    if ((format == PE_SDATA8 || format == PE_UDATA8 || format == PE_ABSPTR) && len >= 24)
        memcpy(&code_len, fde + 16, sizeof(code_len));
    return code_len;
}

bool frame_starts_find(const struct frame_starts *starts, uint64_t vaddr, uint64_t *ret_start)
{
    size_t low = 0, high = starts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t start = starts->header_vaddr + (uint64_t)get_i32(starts->table.data + middle * PAIR_SIZE);
        if (start <= vaddr)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return false;
    const uint8_t *pair = starts->table.data + (low - 1) * PAIR_SIZE;
    uint64_t start = starts->header_vaddr + (uint64_t)get_i32(pair);
    if (vaddr - start >= code_len_of(starts, starts->header_vaddr + (uint64_t)get_i32(pair + 4)))
        return false;
    *ret_start = start;
    return true;
}

void frame_starts_clear(struct frame_starts *starts)
{
    elf_part_clear(&starts->table);
    elf_part_clear(&starts->segment);
    *starts = (struct frame_starts){0};
}
