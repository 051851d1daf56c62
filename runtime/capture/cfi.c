/* From a pc to its unwind rule: .eh_frame_hdr's search table, the FDE, its CIE, and their call frame
 * programs. */
#include "capture/cfi.h"

#include "capture/cfi_program.h"

#include <stddef.h>

#include "base/banned.h"

#define REG_RBX 3
static struct cursor cursor_at(const struct module *module, uint64_t address)
{
    struct cursor c = {.is_bad = true};
    if (address >= module->data_low && address < module->data_high) {
        c.at = (const uint8_t *)(uintptr_t)address;
        c.end = (const uint8_t *)(uintptr_t)module->data_high;
        c.is_bad = false;
    }
    return c;
}

/* The FDE that may cover pc, by the table that every linker writes: sorted pairs of signed 32-bit offsets. */
static uint64_t find_fde(const struct module *module, uint64_t pc)
{
    struct cursor c = cursor_at(module, module->hdr);
    uint8_t version = (uint8_t)read_fixed(&c, 1);
    uint8_t frame_encoding = (uint8_t)read_fixed(&c, 1);
    uint8_t count_encoding = (uint8_t)read_fixed(&c, 1);
    uint8_t table_encoding = (uint8_t)read_fixed(&c, 1);
    if (c.is_bad || version != 1 || table_encoding != (PE_DATAREL | 0x0b) || count_encoding == PE_OMIT)
        return 0;
    cfi_read_encoded(&c, frame_encoding, module->hdr);
    uint64_t count = cfi_read_encoded(&c, count_encoding, module->hdr);
    if (c.is_bad || count > (uint64_t)(c.end - c.at) >> 3)
        return 0;
    const uint8_t *table = c.at;
    int64_t wanted = (int64_t)(pc - module->hdr);
    uint64_t low = 0, high = count;
    while (low < high) {
        uint64_t middle = (low + high) >> 1;
        struct cursor entry = {.at = table + 8 * middle, .end = c.end};
        if (read_signed(&entry, 4) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return 0;
    struct cursor entry = {.at = table + 8 * (low - 1) + 4, .end = c.end};
    return module->hdr + (uint64_t)read_signed(&entry, 4);
}

/* Reads a CIE or FDE length and cuts the cursor to the entry. */
static bool enter_entry(struct cursor *c)
{
    uint64_t length = read_fixed(c, 4);
    if (length == 0xffffffff)
        length = read_fixed(c, 8);
    if (c->is_bad || length == 0 || !cursor_has(c, length))
        return false;
    c->end = c->at + length;
    return true;
}

static bool read_cie(const struct module *module, uint64_t address, struct program *p,
                     bool *ret_has_augmentation)
{
    struct cursor c = cursor_at(module, address);
    if (c.is_bad || !enter_entry(&c) || read_fixed(&c, 4) != 0)
        return false;
    uint8_t version = (uint8_t)read_fixed(&c, 1);
    const uint8_t *augmentation = c.at;
    while (read_fixed(&c, 1) && !c.is_bad)
        ;
    p->code_align = read_uleb(&c);
    p->data_align = read_sleb(&c);
    uint64_t ra = version == 1 ? read_fixed(&c, 1) : read_uleb(&c);
    if (c.is_bad || ra != REG_RA || (version != 1 && version != 3))
        return false;
    p->pointer_encoding = 0;
    *ret_has_augmentation = *augmentation == 'z';
    if (*augmentation == 'z') {
        uint64_t size = read_uleb(&c);
        const uint8_t *instructions = cursor_has(&c, size) ? c.at + size : c.end;
        for (augmentation++; *augmentation && !c.is_bad; augmentation++) {
            if (*augmentation == 'R')
                p->pointer_encoding = (uint8_t)read_fixed(&c, 1);
            else if (*augmentation == 'L')
                read_fixed(&c, 1);
            else if (*augmentation == 'P')
                cfi_read_encoded(&c, (uint8_t)read_fixed(&c, 1) & (uint8_t)~PE_INDIRECT, module->hdr);
            else if (*augmentation == 'S')
                p->is_signal = true;
        }
        c.at = instructions;
    } else if (*augmentation) {
        return false;
    }
    p->code = c;
    return !c.is_bad;
}

/* The register is saved at CFA + offset. */
struct unwind_rule cfi_rule(const struct module *module, uint64_t pc)
{
    const struct unwind_rule none = {.kind = RULE_NONE};
    struct program p = {.pc = pc};
    uint64_t fde = module->hdr ? find_fde(module, pc) : 0;
    struct cursor c = cursor_at(module, fde);
    if (!fde || c.is_bad || !enter_entry(&c))
        return none;
    uint64_t here = (uint64_t)(uintptr_t)c.at;
    uint64_t cie = here - read_fixed(&c, 4);
    bool has_augmentation = false;
    if (c.is_bad || !read_cie(module, cie, &p, &has_augmentation))
        return none;
    uint64_t start = cfi_read_encoded(&c, p.pointer_encoding, module->hdr);
    uint64_t length = cfi_read_encoded(&c, p.pointer_encoding & PE_FORMAT, 0);
    if (c.is_bad || pc < start || pc - start >= length)
        return none;
    if (has_augmentation) {
        uint64_t size = read_uleb(&c);
        if (!cursor_has(&c, size))
            return none;
        c.at += size;
    }
    if (p.is_signal)
        return (struct unwind_rule){.kind = RULE_SIGNAL};
    p.location = start;
    cfi_run(&p);
    p.initial = p.row;
    if (p.is_bad || p.code.is_bad)
        return none;
    p.location = start;
    p.code = c;
    cfi_run(&p);
    if (p.is_bad || p.code.is_bad)
        return none;
    if (p.row.is_ra_undefined)
        return (struct unwind_rule){.kind = RULE_END};
    if (p.row.is_ra_odd)
        return none;
    if (p.row.is_rbp_odd) /* the caller's rbp is lost: go on without it */
        p.row.rule.rbp.is_saved = false;
    return p.row.rule;
}
