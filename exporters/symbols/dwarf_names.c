/* Naming of DIEs. GCC gives no linkage name to static functions, members of unnamed namespaces and lambdas;
 * their names are put together from the scopes around the declaration. */
#include "exporters/symbols/dwarf_names.h"

#include "exporters/symbols/shorten.h"
#include "exporters/symbols/symbolize.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A function in a class in a function …: how far that is followed. */
#define NESTING_MAX 16

static const char *text_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute storage;
    return dwarf_formstring(dwarf_attr_integrate(die, attribute, &storage));
}

/* glibc's hidden aliases ("__GI___libc_malloc") don't count: nobody knows its functions by them. */
static const char *linkage_name_of(Dwarf_Die *die)
{
    static const char hidden[] = "__GI_";
    const char *name = text_of(die, DW_AT_linkage_name);
    if (!name)
        name = text_of(die, DW_AT_MIPS_linkage_name);
    return name && strncmp(name, hidden, sizeof(hidden) - 1) == 0 ? NULL : name;
}

/* From a definition or an inlined copy to the DIE that stands where the function was declared. */
static Dwarf_Die declaration_of(Dwarf_Die die)
{
    for (unsigned steps = 0; steps < NESTING_MAX; steps++) {
        Dwarf_Attribute storage;
        Dwarf_Attribute *link = dwarf_attr(&die, DW_AT_abstract_origin, &storage);
        if (!link)
            link = dwarf_attr(&die, DW_AT_specification, &storage);
        Dwarf_Die next;
        if (!link || !dwarf_formref_die(link, &next))
            break;
        die = next;
    }
    return die;
}

static struct dwarf_unit *unit_of(const struct dwarf_names *names, Dwarf_Die *die)
{
    const uint32_t *index = map_find(&names->unit_ids, &die->cu, sizeof(die->cu));
    struct dwarf_unit *unit = index ? &names->units[*index] : NULL;
    return unit && dwarf_unit_index(unit) == 0 ? unit : NULL;
}

static char *name_of(struct dwarf_names *names, Dwarf_Die die, unsigned nesting);

/* `prefix`::`name`, or either alone; frees `prefix`, may take it over. */
static char *join(char *prefix, const char *name)
{
    char *part = name ? strdup(name) : NULL, *whole = NULL;
    if (part)
        shorten_name(part);
    if (!part)
        return prefix;
    if (!prefix)
        return part;
    if (asprintf(&whole, "%s::%s", prefix, part) < 0)
        whole = NULL;
    free(prefix);
    free(part);
    return whole;
}

/* The qualified name of a scope, or NULL for the unit itself. */
static char *scope_name(struct dwarf_names *names, struct dwarf_unit *unit, uint32_t scope, unsigned nesting)
{
    const struct dwarf_scope *at = &unit->scopes[scope];
    if (!scope)
        return NULL;
    if (at->name)
        return join(scope_name(names, unit, at->parent, nesting), at->name);
    Dwarf_Die function;
    if (!dwarf_offdie(dwarf_cu_getdwarf(unit->die.cu), at->function, &function))
        return NULL;
    return name_of(names, function, nesting + 1);
}

/* The short name of a function, for use inside another's. */
static char *name_of(struct dwarf_names *names, Dwarf_Die die, unsigned nesting)
{
    const char *linkage = linkage_name_of(&die);
    if (linkage)
        return demangle_short(linkage);
    const char *name = text_of(&die, DW_AT_name);
    if (!name || nesting > NESTING_MAX)
        return NULL;
    Dwarf_Die declaration = declaration_of(die);
    struct dwarf_unit *unit = unit_of(names, &declaration);
    if (!unit || !unit->is_scoped)
        return strdup(name);
    uint32_t scope = dwarf_unit_scope_of(unit, dwarf_dieoffset(&declaration));
    return join(scope_name(names, unit, scope, nesting), name);
}

static const char *keep(struct dwarf_names *names, const void *key, char *name)
{
    uint32_t *index;
    int is_new;
    if (names->made_count == names->made_room) {
        size_t room = names->made_room ? names->made_room * 2 : 64;
        char **made = reallocarray(names->made, room, sizeof(*made));
        if (!made)
            goto fail;
        names->made = made;
        names->made_room = room;
    }
    if (map_add(&names->made_ids, &key, sizeof(key), (uint32_t)names->made_count, &index, &is_new))
        goto fail;
    names->made[names->made_count++] = name;
    return name;
fail:
    free(name);
    return NULL;
}

const char *dwarf_names_of(struct dwarf_names *names, Dwarf_Die *die)
{
    const char *linkage = linkage_name_of(die);
    if (linkage)
        return linkage;
    Dwarf_Die declaration = declaration_of(*die);
    struct dwarf_unit *unit = unit_of(names, &declaration);
    if (!unit || !unit->is_scoped)
        return text_of(die, DW_AT_name);
    const uint32_t *index = map_find(&names->made_ids, &declaration.addr, sizeof(declaration.addr));
    if (index)
        return names->made[*index];
    char *name = name_of(names, declaration, 0);
    return name ? keep(names, declaration.addr, name) : NULL;
}

void dwarf_names_clear(struct dwarf_names *names)
{
    for (size_t i = 0; i < names->made_count; i++)
        free(names->made[i]);
    free(names->made);
    map_clear(&names->unit_ids);
    map_clear(&names->made_ids);
    *names = (struct dwarf_names){0};
}
