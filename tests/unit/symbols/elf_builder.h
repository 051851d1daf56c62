/* Makes a small ELF image with any function symbols, so that tests decide what a symbol table says. */
#ifndef PREFLAME_TEST_SYMBOLS_ELF_BUILDER_H
#define PREFLAME_TEST_SYMBOLS_ELF_BUILDER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    BUILT_SYMBOLS = 16,
    BUILT_TEXT_VADDR = 0x401000,
    BUILT_TEXT_OFFSET = 0x1000,
    BUILT_TEXT_SIZE = 0x800,
};

struct built_symbol {
    const char *name;
    uint64_t value, size;
    unsigned char binding, type;
};

/* null, .text, .symtab, .strtab */
struct built_elf {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    Elf64_Shdr sections[4];
    Elf64_Sym symbols[BUILT_SYMBOLS + 1];
    char strings[1024];
};

static inline void built_elf_init(struct built_elf *elf, const struct built_symbol *symbols, size_t count)
{
    memset(elf, 0, sizeof(*elf));
    memcpy(elf->header.e_ident, ELFMAG, SELFMAG);
    elf->header.e_ident[EI_CLASS] = ELFCLASS64;
    elf->header.e_ident[EI_DATA] = ELFDATA2LSB;
    elf->header.e_type = ET_DYN;
    elf->header.e_phoff = offsetof(struct built_elf, segments);
    elf->header.e_phentsize = sizeof(Elf64_Phdr);
    elf->header.e_phnum = 2;
    elf->header.e_shoff = offsetof(struct built_elf, sections);
    elf->header.e_shentsize = sizeof(Elf64_Shdr);
    elf->header.e_shnum = 4;
    elf->segments[0] =
        (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x400000, .p_filesz = 0x1100};
    elf->segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_X,
                                    .p_offset = BUILT_TEXT_OFFSET,
                                    .p_vaddr = BUILT_TEXT_VADDR,
                                    .p_filesz = BUILT_TEXT_SIZE};
    elf->sections[1] =
        (Elf64_Shdr){.sh_type = SHT_NOBITS, .sh_addr = BUILT_TEXT_VADDR, .sh_size = BUILT_TEXT_SIZE};
    elf->sections[2] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                    .sh_offset = offsetof(struct built_elf, symbols),
                                    .sh_size = sizeof(Elf64_Sym) * (count + 1),
                                    .sh_entsize = sizeof(Elf64_Sym),
                                    .sh_link = 3};
    elf->sections[3] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
                                    .sh_offset = offsetof(struct built_elf, strings),
                                    .sh_size = sizeof(elf->strings)};
    size_t at = 1;
    for (size_t i = 0; i < count; i++) {
        Elf64_Sym *symbol = &elf->symbols[i + 1];
        symbol->st_name = (Elf64_Word)at;
        symbol->st_value = symbols[i].value;
        symbol->st_size = symbols[i].size;
        symbol->st_info = (unsigned char)ELF64_ST_INFO(symbols[i].binding, symbols[i].type);
        symbol->st_shndx = 1;
        size_t size = strlen(symbols[i].name) + 1;
        memcpy(elf->strings + at, symbols[i].name, size);
        at += size;
    }
}

#endif
