/* The symbol tables of one object as sorted address ranges with names. Runs inside the target: libc only, no
 * DWARF. */
#include "exporters/symbols/elf_names.h"

#include "exporters/symbols/elf_file.h"
#include "exporters/symbols/spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
    uint64_t start;
    uint32_t name;       /* offset into text */
    uint32_t is_unsized; /* reaches to the next symbol of its section */
};

struct elf_names {
    struct symbol *symbols; /* owned; spans' ids index it */
    size_t symbol_count, symbol_room;
    struct spans spans;
    char *text; /* owned; the string tables, one behind the other, each NUL-terminated */
    size_t text_len;
    Elf64_Phdr *segments; /* owned */
    size_t segment_count;
};

/* Longer names than this rank alike: reading a hostile table must not take quadratic time. */
#define RANKED_NAME_LEN 4096

/* Global before weak before local, then the shorter name; aliases of one function are picked by it. */
static uint32_t rank_of(unsigned binding, const char *name)
{
    uint32_t rank = binding == STB_LOCAL ? 2 : binding == STB_WEAK ? 1 : 0;
    return rank << 24 | (uint32_t)strnlen(name, RANKED_NAME_LEN);
}

/* Appends a whole string table. One copy of it costs less than a copy of each name, and its size is bounded
 * by the file's, however often symbols share a name. */
static int keep_strings(struct elf_names *names, const struct elf_part *strings)
{
    size_t len = names->text_len + strings->len + 1;
    if (len > UINT32_MAX)
        return -EINVAL;
    char *text = realloc(names->text, len);
    if (!text)
        return -ENOMEM;
    memcpy(text + names->text_len, strings->data, strings->len);
    text[len - 1] = '\0';
    names->text = text;
    names->text_len = len;
    return 0;
}

static int keep_symbol(struct elf_names *names, struct symbol symbol)
{
    if (names->symbol_count == names->symbol_room) {
        size_t room = names->symbol_room ? names->symbol_room * 2 : 256;
        struct symbol *symbols = reallocarray(names->symbols, room, sizeof(*symbols));
        if (!symbols)
            return -ENOMEM;
        names->symbols = symbols;
        names->symbol_room = room;
    }
    names->symbols[names->symbol_count++] = symbol;
    return 0;
}

/* The end of the section that holds the symbol, or 0: then a size is the only thing that bounds it. */
static uint64_t section_end_of(const struct elf_file *file, const Elf64_Sym *raw)
{
    const Elf64_Shdr *section = raw->st_shndx < SHN_LORESERVE ? elf_file_section(file, raw->st_shndx) : NULL;
    if (!section || raw->st_value < section->sh_addr || raw->st_value - section->sh_addr >= section->sh_size)
        return 0;
    return section->sh_addr + section->sh_size;
}

/* `strings_at` is where the table's names begin in `text`, which ends with them. */
static int add_symbol(struct elf_names *names, const struct elf_file *file, const Elf64_Sym *raw,
                      size_t strings_at)
{
    unsigned type = ELF64_ST_TYPE(raw->st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || raw->st_shndx == SHN_UNDEF ||
        raw->st_name >= names->text_len - strings_at)
        return 0;
    const char *name = names->text + strings_at + raw->st_name;
    uint64_t end = raw->st_size ? raw->st_value + raw->st_size : section_end_of(file, raw);
    if (!*name || end <= raw->st_value)
        return 0;
    struct symbol symbol = {raw->st_value, (uint32_t)(strings_at + raw->st_name), !raw->st_size};
    int error = keep_symbol(names, symbol);
    if (error)
        return error;
    struct span span = {symbol.start, end, (uint32_t)(names->symbol_count - 1),
                        rank_of(ELF64_ST_BIND(raw->st_info), name)};
    return spans_add(&names->spans, span);
}

static int add_symbols(struct elf_names *names, const struct elf_file *file, const struct elf_part *symbols,
                       const struct elf_part *strings)
{
    size_t strings_at = names->text_len;
    int error = keep_strings(names, strings);
    Elf64_Sym raw;
    for (size_t at = 0; !error && symbols->len - at >= sizeof(raw); at += sizeof(raw)) {
        memcpy(&raw, symbols->data + at, sizeof(raw));
        error = add_symbol(names, file, &raw, strings_at);
    }
    return error;
}

/* Reads the first table of `type`: the gABI allows no second one. A table that lies outside the object is
 * skipped; only lack of memory and failing reads are errors. */
static int add_table(struct elf_names *names, const struct elf_file *file, uint32_t type)
{
    size_t at = 0;
    while (at < file->section_count && file->sections[at].sh_type != type)
        at++;
    const Elf64_Shdr *table = elf_file_section(file, at);
    const Elf64_Shdr *link = table ? elf_file_section(file, table->sh_link) : NULL;
    if (!link || link->sh_type != SHT_STRTAB || table->sh_entsize != sizeof(Elf64_Sym))
        return 0;
    struct elf_part symbols, strings;
    int error = elf_file_part(file, table->sh_offset, table->sh_size, &symbols);
    if (error)
        return error == -EINVAL ? 0 : error;
    error = elf_file_part(file, link->sh_offset, link->sh_size, &strings);
    if (!error) {
        error = add_symbols(names, file, &symbols, &strings);
        elf_part_clear(&strings);
    }
    elf_part_clear(&symbols);
    return error == -EINVAL ? 0 : error;
}

static int compare_starts(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    return (a->start > b->start) - (a->start < b->start);
}

/* Ends every unsized symbol where the next one starts. Sections don't overlap, so the next symbol at all is
 * close enough: a symbol of another section starts behind the end that section_end_of gave. */
static void bound_unsized(struct elf_names *names)
{
    struct spans *spans = &names->spans;
    if (!spans->count)
        return;
    qsort(spans->data, spans->count, sizeof(*spans->data), compare_starts);
    uint64_t next = UINT64_MAX;
    for (size_t i = spans->count; i-- > 0;) {
        struct span *span = &spans->data[i];
        if (i + 1 < spans->count && spans->data[i + 1].start > span->start)
            next = spans->data[i + 1].start;
        if (names->symbols[span->id].is_unsized && next < span->end)
            span->end = next;
    }
}

static int fill(struct elf_names *names, const struct elf_file *file)
{
    int error = add_table(names, file, SHT_SYMTAB);
    if (!error)
        error = add_table(names, file, SHT_DYNSYM);
    if (error)
        return error;
    bound_unsized(names);
    error = spans_flatten(&names->spans);
    if (error || !file->segment_count)
        return error;
    names->segments = calloc(file->segment_count, sizeof(*names->segments));
    if (!names->segments)
        return -ENOMEM;
    memcpy(names->segments, file->segments, file->segment_count * sizeof(*names->segments));
    names->segment_count = file->segment_count;
    return 0;
}

static int names_of(const struct elf_file *file, struct elf_names **ret)
{
    struct elf_names *names = calloc(1, sizeof(*names));
    if (!names)
        return -ENOMEM;
    int error = fill(names, file);
    if (error)
        elf_names_free(names);
    else
        *ret = names;
    return error;
}

int elf_names_from_image(const void *image, size_t len, struct elf_names **ret)
{
    struct elf_file file;
    int error = elf_file_from_image(image, len, &file);
    if (error)
        return error;
    error = names_of(&file, ret);
    elf_file_clear(&file);
    return error;
}

int elf_names_from_file(const char *path, struct elf_names **ret)
{
    struct elf_file file;
    int error = elf_file_open(path, &file);
    if (error)
        return error;
    error = names_of(&file, ret);
    elf_file_clear(&file);
    return error;
}

void elf_names_free(struct elf_names *names)
{
    if (!names)
        return;
    spans_clear(&names->spans);
    free(names->symbols);
    free(names->text);
    free(names->segments);
    free(names);
}

const char *elf_names_find(const struct elf_names *names, uint64_t vaddr, uint64_t *ret_start)
{
    const struct span *span = spans_find(&names->spans, vaddr);
    if (!span)
        return NULL;
    const struct symbol *symbol = &names->symbols[span->id];
    if (ret_start)
        *ret_start = symbol->start;
    return names->text + symbol->name;
}

uint64_t elf_names_vaddr_of_offset(const struct elf_names *names, uint64_t offset)
{
    return elf_vaddr_of_offset(names->segments, names->segment_count, offset);
}
