/* Any bytes as an ELF image: reading its symbol tables, its build id and its unwind tables must neither crash
 * nor take long. */
#include "exporters/symbols/elf_names.h"
#include "exporters/symbols/frame_starts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_frame_starts(const uint8_t *data, size_t size)
{
    struct elf_file file;
    struct frame_starts starts;
    char build_id[BUILD_ID_HEX_SIZE];
    if (elf_file_from_image(data, size, &file))
        return;
    elf_file_build_id(&file, build_id);
    if (strlen(build_id) >= sizeof(build_id))
        __builtin_trap();
    if (frame_starts_load(&file, &starts) == 0) {
        for (uint64_t vaddr = 0; vaddr < 4096; vaddr += 16) {
            uint64_t start = 0;
            if (frame_starts_find(&starts, vaddr, &start) && start > vaddr)
                __builtin_trap();
        }
        frame_starts_clear(&starts);
    }
    elf_file_clear(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_frame_starts(data, size);
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
