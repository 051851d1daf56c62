/* Any bytes as an ELF image: reading its symbol tables must neither crash nor take long. */
#include "exporters/symbols/elf_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_names *names;
    if (elf_names_from_image(data, size, &names))
        return 0;
    for (uint64_t at = 0; at < 64; at++) {
        uint64_t start = 0;
        uint64_t vaddr = elf_names_vaddr_of_offset(names, at * 512);
        const char *name = elf_names_find(names, vaddr, &start);
        if (name && start > vaddr)
            __builtin_trap();
    }
    elf_names_free(names);
    return 0;
}
