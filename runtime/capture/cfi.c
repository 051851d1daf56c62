/* From a pc to its unwind rule: .eh_frame_hdr's search table, the FDE, its CIE, and their call frame
 * programs. */
#include "capture/cfi.h"

#include "capture/cfi_program.h"

#include "base/compiler.h"

#include <stddef.h>

#include "base/banned.h"

#define HEADER_BYTES 64       /* .eh_frame_hdr without its table, at most */
#define ENTRY_BYTES_MAX 65536 /* a longer program is taken for damage */
#define AUGMENTATION_MAX 8
#define SEARCHES_MAX 64
#define TABLE_WINDOW ((uint64_t)(ARRAY_SIZE(((struct cfi_scratch *)NULL)->table) / 2))

static bool is_in_tables(const struct module *module, uint64_t address)
{
    return address >= module->data_low && address < module->data_high;
}

static struct cursor open_at(const struct module *module, uint64_t address, uint8_t *room,
                             uint32_t room_bytes)
{
    return cursor_at(address, is_in_tables(module, address) ? module->data_high : address, room, room_bytes);
}

void cfi_find_table(struct module *module)
{
    uint8_t room[HEADER_BYTES];
    struct cursor c = open_at(module, module->hdr, room, sizeof(room));
    uint8_t version = (uint8_t)read_fixed(&c, 1);
    uint8_t frame_encoding = (uint8_t)read_fixed(&c, 1);
    uint8_t count_encoding = (uint8_t)read_fixed(&c, 1);
    uint8_t table_encoding = (uint8_t)read_fixed(&c, 1);
    module->table = module->table_count = 0;
    if (c.is_bad || version != 1 || table_encoding != (PE_DATAREL | 0x0b) || count_encoding == PE_OMIT)
        return;
    cfi_read_encoded(&c, frame_encoding, module->hdr);
    uint64_t count = cfi_read_encoded(&c, count_encoding, module->hdr);
    if (c.is_bad || count > cursor_left(&c) / 8)
        return;
    module->table = cursor_address(&c);
    module->table_count = count;
}

/* Where the search has come to: the last entry at or before `wanted` is one of [low, high). */
struct search {
    uint64_t low, high;
    int64_t low_value, high_value; /* of the entries at low and high, or a guess */
    int64_t wanted;
};

/* Where to look next: functions lie evenly enough for a guess; every other time halves what is left, in case
 * they don't. */
static uint64_t window_of(const struct search *s, unsigned tried)
{
    uint64_t count = s->high - s->low, at = count / 2;
    if (count <= TABLE_WINDOW)
        return s->low;
    if (!(tried & 1) && s->wanted > s->low_value && s->wanted < s->high_value)
        at = (uint64_t)(s->wanted - s->low_value) * count / (uint64_t)(s->high_value - s->low_value);
    at = at > TABLE_WINDOW / 2 ? at - TABLE_WINDOW / 2 : 0;
    return s->low + (at + TABLE_WINDOW <= count ? at : count - TABLE_WINDOW);
}

/* The place of the last entry at or before `wanted` among `count` (> 0) of which the first is. */
static uint64_t last_before(const int32_t *entries, uint64_t count, int64_t wanted)
{
    uint64_t low = 1, high = count;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (entries[2 * middle] <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

/* The FDE that may cover pc, by the table that every linker writes: sorted pairs of signed 32-bit offsets. 0
 * = none. */
static uint64_t find_fde(const struct module *module, uint64_t pc, int32_t *entries)
{
    struct search s = {.high = module->table_count,
                       .low_value = (int64_t)(module->low - module->hdr),
                       .high_value = (int64_t)(module->high - module->hdr),
                       .wanted = (int64_t)(pc - module->hdr)};
    for (unsigned tried = 0; s.low < s.high && tried < SEARCHES_MAX; tried++) {
        uint64_t first = window_of(&s, tried);
        uint64_t count = s.high - first < TABLE_WINDOW ? s.high - first : TABLE_WINDOW;
        if (!memory_read(module->table + 8 * first, entries, 8 * count))
            return 0;
        if (entries[0] > s.wanted) {
            s.high = first;
            s.high_value = entries[0];
            continue;
        }
        uint64_t found = last_before(entries, count, s.wanted);
        if (found + 1 < count || first + count == s.high)
            return module->hdr + (uint64_t)(int64_t)entries[2 * found + 1];
        s.low = first + found;
        s.low_value = entries[2 * found];
    }
    return 0;
}

/* Reads a CIE or FDE length and cuts the cursor to the entry. */
static bool enter_entry(struct cursor *c)
{
    uint64_t length = read_fixed(c, 4);
    if (length == 0xffffffff)
        length = read_fixed(c, 8);
    if (c->is_bad || length == 0 || length > ENTRY_BYTES_MAX || length > cursor_left(c))
        return false;
    cursor_cut(c, length);
    return true;
}

/* What the letters of a CIE's augmentation (behind its 'z') say, from the data that stands for them. */
static void read_augmentation(struct cursor *c, const struct module *module, const uint8_t *letters,
                              struct program *p)
{
    uint64_t size = read_uleb(c), end = cursor_address(c) + size;
    for (; *letters && !c->is_bad; letters++) {
        if (*letters == 'R')
            p->pointer_encoding = (uint8_t)read_fixed(c, 1);
        else if (*letters == 'L')
            read_fixed(c, 1);
        else if (*letters == 'P')
            cfi_read_encoded(c, (uint8_t)read_fixed(c, 1) & (uint8_t)~PE_INDIRECT, module->hdr);
        else if (*letters == 'S')
            p->is_signal = true;
    }
    cursor_go_to(c, end);
}

static bool read_cie(const struct module *module, uint64_t address, struct cfi_scratch *scratch,
                     struct program *p, bool *ret_has_augmentation)
{
    struct cursor c = open_at(module, address, scratch->cie, sizeof(scratch->cie));
    if (c.is_bad || !enter_entry(&c) || read_fixed(&c, 4) != 0)
        return false;
    uint8_t version = (uint8_t)read_fixed(&c, 1);
    uint8_t letters[AUGMENTATION_MAX] = {0};
    unsigned count = 0;
    for (uint8_t letter; (letter = (uint8_t)read_fixed(&c, 1)) && count < sizeof(letters);)
        letters[count++] = letter;
    p->code_align = read_uleb(&c);
    p->data_align = read_sleb(&c);
    uint64_t ra = version == 1 ? read_fixed(&c, 1) : read_uleb(&c);
    if (c.is_bad || count == sizeof(letters) || ra != REG_RA || (version != 1 && version != 3))
        return false;
    p->pointer_encoding = 0;
    *ret_has_augmentation = letters[0] == 'z';
    if (letters[0] == 'z')
        read_augmentation(&c, module, letters + 1, p);
    else if (letters[0])
        return false;
    p->code = c;
    return !c.is_bad;
}

static struct unwind_rule rule_of_row(const struct row *row)
{
    struct unwind_rule rule = row->rule;
    if (row->is_ra_undefined)
        return (struct unwind_rule){.kind = RULE_END};
    if (row->is_ra_odd)
        return (struct unwind_rule){.kind = RULE_NONE};
    if (row->is_rbp_odd) /* the caller's rbp is lost: go on without it */
        rule.rbp.is_saved = false;
    return rule;
}

struct unwind_rule cfi_rule(const struct module *module, uint64_t pc, struct cfi_scratch *scratch)
{
    _Static_assert(sizeof(struct program) <= sizeof(scratch->program), "a program has no room");
    const struct unwind_rule none = {.kind = RULE_NONE};
    struct program *p = (struct program *)(void *)scratch->program;
    uint64_t fde = module->table ? find_fde(module, pc, scratch->table) : 0;
    struct cursor c = open_at(module, fde, scratch->fde, sizeof(scratch->fde));
    if (!fde || c.is_bad || !enter_entry(&c))
        return none;
    uint64_t here = cursor_address(&c);
    uint64_t cie = here - read_fixed(&c, 4);
    bool has_augmentation = false;
    program_init(p, pc);
    if (c.is_bad || !read_cie(module, cie, scratch, p, &has_augmentation))
        return none;
    uint64_t start = cfi_read_encoded(&c, p->pointer_encoding, module->hdr);
    uint64_t length = cfi_read_encoded(&c, p->pointer_encoding & PE_FORMAT, 0);
    if (c.is_bad || pc < start || pc - start >= length)
        return none;
    if (has_augmentation)
        cursor_skip(&c, read_uleb(&c));
    if (p->is_signal)
        return (struct unwind_rule){.kind = RULE_SIGNAL};
    p->location = start;
    cfi_run(p);
    p->initial = p->row;
    if (p->is_bad || p->code.is_bad)
        return none;
    p->location = start;
    p->code = c;
    cfi_run(p);
    return p->is_bad || p->code.is_bad ? none : rule_of_row(&p->row);
}
