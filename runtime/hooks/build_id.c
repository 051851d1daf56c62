/* Notes: a header, a name and data, the latter two padded to four bytes (the System V ABI's "Note Section").
 */
#include "hooks/build_id.h"

#include <elf.h>
#include <string.h>

static size_t padded(uint32_t size)
{
    return ((size_t)size + 3) & ~(size_t)3;
}

size_t build_id_in_notes(const void *notes, size_t size, uint8_t *ret, size_t room)
{
    const uint8_t *at = notes;
    Elf64_Nhdr note;
    while (size >= sizeof(note)) {
        memcpy(&note, at, sizeof(note));
        at += sizeof(note);
        size -= sizeof(note);
        size_t name_size = padded(note.n_namesz), data_size = padded(note.n_descsz);
        if (name_size > size || data_size > size - name_size)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(at, "GNU", 4) == 0) {
            if (note.n_descsz > room)
                return 0;
            memcpy(ret, at + name_size, note.n_descsz);
            return note.n_descsz;
        }
        at += name_size + data_size;
        size -= name_size + data_size;
    }
    return 0;
}
