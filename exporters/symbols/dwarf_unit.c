/* The walk over one compilation unit, and the descent from a function to what is inlined at an address. */
#include "exporters/symbols/dwarf_unit.h"

#include <dwarf.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Nesting of scopes deeper than this isn't followed. */
#define SCOPE_DEPTH_MAX 128

/* DW_LANG_C_plus_plus_17 and _20, which elfutils 0.188 has no names for. */
enum { LANGUAGE_CXX_17 = 0x2a, LANGUAGE_CXX_20 = 0x2b };

static bool is_scoped_language(int language)
{
    static const int scoped[] = {
        DW_LANG_C_plus_plus, DW_LANG_C_plus_plus_03, DW_LANG_C_plus_plus_11, DW_LANG_C_plus_plus_14,
        LANGUAGE_CXX_17,     LANGUAGE_CXX_20,        DW_LANG_Rust,           DW_LANG_D};
    for (size_t i = 0; i < ARRAY_SIZE(scoped); i++)
        if (language == scoped[i])
            return true;
    return false;
}

int dwarf_add_ranges(Dwarf_Die *die, struct spans *spans, uint32_t id)
{
    Dwarf_Addr base = 0, start, end;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
        /* Linkers leave 0 or 1 as address of functions that they dropped; no code lies inside the ELF header.
         */
        if (start < sizeof(Elf64_Ehdr))
            continue;
        int error = spans_add(spans, (struct span){.start = start, .end = end, .id = id});
        if (error)
            return error;
    }
    return 0;
}

static int grow(void *array, size_t count, size_t *room, size_t size)
{
    void **data = array;
    if (count < *room)
        return 0;
    size_t wanted = *room ? *room * 2 : 32;
    void *grown = reallocarray(*data, wanted, size);
    if (!grown)
        return -ENOMEM;
    *data = grown;
    *room = wanted;
    return 0;
}

static int add_scope(struct dwarf_unit *unit, struct dwarf_scope scope, uint32_t *ret_index)
{
    int error = grow(&unit->scopes, unit->scope_count, &unit->scope_room, sizeof(scope));
    if (error)
        return error;
    *ret_index = (uint32_t)unit->scope_count;
    unit->scopes[unit->scope_count++] = scope;
    return 0;
}

static int add_declaration(struct dwarf_unit *unit, Dwarf_Die *die, uint32_t scope)
{
    int error = grow(&unit->declarations, unit->declaration_count, &unit->declaration_room,
                     sizeof(*unit->declarations));
    if (error)
        return error;
    uint32_t id = (uint32_t)unit->declaration_count;
    unit->declarations[unit->declaration_count++] = (struct dwarf_declaration){dwarf_dieoffset(die), scope};
    if (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges))
        return 0;
    return dwarf_add_ranges(die, &unit->functions, id);
}

/* GCC gives closures no name; they are the unnamed classes that can be called. */
static const char *class_name(Dwarf_Die *die)
{
    const char *name = dwarf_diename(die);
    Dwarf_Die member;
    if (name || dwarf_child(die, &member) != 0)
        return name ? name : "{unnamed}";
    do {
        const char *method = dwarf_tag(&member) == DW_TAG_subprogram ? dwarf_diename(&member) : NULL;
        if (method && strcmp(method, "operator()") == 0)
            return "{lambda}";
    } while (dwarf_siblingof(&member, &member) == 0);
    return "{unnamed}";
}

/* Registers `die` and tells in *ret_scope what its children are written in; UINT32_MAX when they don't
 * matter. */
static int visit(struct dwarf_unit *unit, Dwarf_Die *die, uint32_t scope, uint32_t *ret_scope)
{
    struct dwarf_scope next = {.parent = scope};
    int error;
    *ret_scope = UINT32_MAX;
    switch (dwarf_tag(die)) {
    case DW_TAG_subprogram:
        error = add_declaration(unit, die, scope);
        if (error || !dwarf_haschildren(die))
            return error;
        next.function = dwarf_dieoffset(die);
        return add_scope(unit, next, ret_scope);
    case DW_TAG_namespace:
        next.name = dwarf_diename(die);
        if (!next.name)
            next.name = "(anonymous namespace)";
        return add_scope(unit, next, ret_scope);
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
    case DW_TAG_enumeration_type: /* Rust's have methods */
    case DW_TAG_module:
        next.name = class_name(die);
        return dwarf_haschildren(die) ? add_scope(unit, next, ret_scope) : 0;
    case DW_TAG_lexical_block:
        *ret_scope = scope;
        return 0;
    default:
        return 0;
    }
}

static int walk(struct dwarf_unit *unit, Dwarf_Die *parent, uint32_t scope, unsigned depth)
{
    Dwarf_Die die;
    if (depth > SCOPE_DEPTH_MAX || dwarf_child(parent, &die) != 0)
        return 0;
    do {
        uint32_t inner;
        int error = visit(unit, &die, scope, &inner);
        if (!error && inner != UINT32_MAX)
            error = walk(unit, &die, inner, depth + 1);
        if (error)
            return error;
    } while (dwarf_siblingof(&die, &die) == 0);
    return 0;
}

int dwarf_unit_index(struct dwarf_unit *unit)
{
    uint32_t root;
    if (unit->is_indexed)
        return 0;
    unit->is_indexed = true;
    Dwarf_Die split;
    uint8_t type = 0;
    if (dwarf_cu_info(unit->die.cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
        type == DW_UT_skeleton && split.addr)
        unit->die = split;
    unit->is_scoped = is_scoped_language(dwarf_srclang(&unit->die));
    int error = add_scope(unit, (struct dwarf_scope){0}, &root);
    if (!error)
        error = walk(unit, &unit->die, root, 0);
    return error ? error : spans_flatten(&unit->functions);
}

uint32_t dwarf_unit_scope_of(const struct dwarf_unit *unit, Dwarf_Off offset)
{
    size_t low = 0, high = unit->declaration_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unit->declarations[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_found = low < unit->declaration_count && unit->declarations[low].offset == offset;
    return is_found ? unit->declarations[low].scope : 0;
}

/* Is `die` on the way from the function to `pc`? A block without addresses of its own may still hold some. */
static bool leads_to(Dwarf_Die *die, Dwarf_Addr pc)
{
    switch (dwarf_tag(die)) {
    case DW_TAG_inlined_subroutine:
        return dwarf_haspc(die, pc) > 0;
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
        return dwarf_haspc(die, pc) > 0 ||
               (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges));
    default:
        return false;
    }
}

/* Appends the inlined calls below `parent` that cover `pc`. */
static size_t descend(Dwarf_Die *parent, Dwarf_Addr pc, Dwarf_Die *chain, size_t count, size_t max,
                      unsigned depth)
{
    Dwarf_Die die;
    if (depth > SCOPE_DEPTH_MAX || count == max || dwarf_child(parent, &die) != 0)
        return count;
    do {
        if (!leads_to(&die, pc))
            continue;
        size_t found = count;
        if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
            chain[found++] = die;
        found = descend(&die, pc, chain, found, max, depth + 1);
        if (found > count)
            return found;
    } while (dwarf_siblingof(&die, &die) == 0);
    return count;
}

size_t dwarf_unit_chain(const struct dwarf_unit *unit, Dwarf_Addr pc, Dwarf_Die *chain, size_t max)
{
    const struct span *span = spans_find(&unit->functions, pc);
    if (!span || !max)
        return 0;
    Dwarf *dwarf = dwarf_cu_getdwarf(unit->die.cu);
    if (!dwarf_offdie(dwarf, unit->declarations[span->id].offset, &chain[0]))
        return 0;
    return descend(&chain[0], pc, chain, 1, max, 0);
}

void dwarf_unit_clear(struct dwarf_unit *unit)
{
    spans_clear(&unit->functions);
    free(unit->scopes);
    free(unit->declarations);
    *unit = (struct dwarf_unit){0};
}
