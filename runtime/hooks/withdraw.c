/* In our dynamic symbol table, the symbol becomes one that we only refer to. */
#include "hooks/withdraw.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE UINT64_C(4096)

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* the linker's: our first byte */

/* How the segment that holds the address is mapped, or -1. */
static int protection_at(uint64_t address)
{
    const char *base = (const char *)&__ehdr_start;
    const ElfW(Phdr) *segments = (const void *)(base + __ehdr_start.e_phoff);
    for (unsigned i = 0; i < __ehdr_start.e_phnum; i++) {
        uint64_t low = (uint64_t)(uintptr_t)base + segments[i].p_vaddr;
        if (segments[i].p_type == PT_LOAD && address >= low && address < low + segments[i].p_filesz)
            return (segments[i].p_flags & PF_R ? PROT_READ : 0) |
                   (segments[i].p_flags & PF_W ? PROT_WRITE : 0) |
                   (segments[i].p_flags & PF_X ? PROT_EXEC : 0);
    }
    return -1;
}

void withdraw(void *function)
{
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    if (!dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol || info.dli_saddr != function)
        return;
    uint64_t low = (uint64_t)(uintptr_t)symbol & ~(PAGE - 1);
    size_t size = ((uint64_t)(uintptr_t)(symbol + 1) - low + PAGE - 1) & ~(PAGE - 1);
    int protection = protection_at(low);
    void *page = (void *)(uintptr_t)low;
    if (protection < 0 || mprotect(page, size, protection | PROT_WRITE) != 0)
        return;
    symbol->st_shndx = SHN_UNDEF;
    symbol->st_value = 0;
    mprotect(page, size, protection);
}
