/* An object opened with libdwfl: units by address, and the frames of one address. Units are indexed on first
 * use, so that a few addresses in a huge object cost a few units. */
#include "exporters/symbols/dwarf_object.h"

#include "exporters/symbols/dwarf_names.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dwarf_object {
    Dwfl_Callbacks callbacks; /* must outlive dwfl */
    char *debug_path;         /* owned; where separate debug files are looked for */
    Dwfl *dwfl;
    Dwfl_Module *module;
    Dwarf *dwarf; /* owned by dwfl; NULL when there is none */
    Dwarf_Addr bias;
    struct dwarf_unit *units;
    size_t unit_count, unit_room;
    struct spans ranges; /* by address; ids index units */
    struct dwarf_names names;
};

static int add_unit(struct dwarf_object *object, Dwarf_Die *die)
{
    uint32_t id = (uint32_t)object->unit_count, *stored;
    if (object->unit_count == object->unit_room) {
        size_t room = object->unit_room ? object->unit_room * 2 : 64;
        struct dwarf_unit *units = reallocarray(object->units, room, sizeof(*units));
        if (!units)
            return -ENOMEM;
        object->units = units;
        object->unit_room = room;
    }
    object->units[object->unit_count++] = (struct dwarf_unit){.die = *die};
    int error = map_add(&object->names.unit_ids, &die->cu, sizeof(die->cu), id, &stored, NULL);
    return error ? error : dwarf_add_ranges(die, &object->ranges, id);
}

/* .debug_aranges would be quicker but isn't always there (clang writes none), and isn't complete when it is.
 */
static int list_units(struct dwarf_object *object)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    int error = 0;
    while (!error && dwarf_get_units(object->dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
        error = add_unit(object, &die);
    object->names.units = object->units;
    return error ? error : spans_flatten(&object->ranges);
}

static int start_dwfl(struct dwarf_object *object, const char *root)
{
    const char *prefix = root ? root : "";
    const char *standard = *prefix ? ":/usr/lib/debug" : "";
    if (asprintf(&object->debug_path, ":.debug:%s/usr/lib/debug%s", prefix, standard) < 0) {
        object->debug_path = NULL;
        return -ENOMEM;
    }
    object->callbacks = (Dwfl_Callbacks){.find_elf = dwfl_build_id_find_elf,
                                         .find_debuginfo = dwfl_standard_find_debuginfo,
                                         .debuginfo_path = &object->debug_path};
    object->dwfl = dwfl_begin(&object->callbacks);
    return object->dwfl ? 0 : -ENOMEM;
}

static int report(struct dwarf_object *object, const char *path, int fd)
{
    int own = dup(fd); /* dwfl takes it over, but only on success */
    if (own < 0)
        return -errno;
    dwfl_report_begin(object->dwfl);
    object->module = dwfl_report_elf(object->dwfl, path, path, own, 0, true);
    if (!object->module)
        close(own);
    if (dwfl_report_end(object->dwfl, NULL, NULL) != 0 || !object->module)
        return -EINVAL;
    object->dwarf = dwfl_module_getdwarf(object->module, &object->bias);
    return object->dwarf ? list_units(object) : 0;
}

int dwarf_object_open(const char *path, int fd, const char *root, struct dwarf_object **ret)
{
    struct dwarf_object *object = calloc(1, sizeof(*object));
    if (!object)
        return -ENOMEM;
    int error = start_dwfl(object, root);
    if (!error)
        error = report(object, path, fd);
    if (error)
        dwarf_object_free(object);
    else
        *ret = object;
    return error;
}

bool dwarf_object_has_dwarf(const struct dwarf_object *object)
{
    return object->dwarf;
}

const char *dwarf_object_debug_file(const struct dwarf_object *object)
{
    const char *debug_file = NULL;
    dwfl_module_info(object->module, NULL, NULL, NULL, NULL, NULL, NULL, &debug_file);
    return debug_file;
}

static int64_t number_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute storage;
    Dwarf_Word value = 0;
    if (dwarf_formudata(dwarf_attr_integrate(die, attribute, &storage), &value) != 0)
        return 0;
    return value <= INT32_MAX ? (int64_t)value : 0;
}

/* Where `call`, an inlined subroutine, was called from. */
static void set_call_site(struct symbol_frame *frame, struct dwarf_unit *unit, Dwarf_Die *call)
{
    Dwarf_Files *files;
    size_t count;
    int64_t file = number_of(call, DW_AT_call_file);
    frame->line = number_of(call, DW_AT_call_line);
    if (dwarf_getsrcfiles(&unit->die, &files, &count) == 0 && (uint64_t)file < count)
        frame->file = dwarf_filesrc(files, (size_t)file, NULL, NULL);
}

static void set_line(struct symbol_frame *frame, Dwarf_Line *line)
{
    int number = 0;
    frame->file = dwarf_linesrc(line, NULL, NULL);
    if (dwarf_lineno(line, &number) == 0)
        frame->line = number;
}

static struct dwarf_unit *unit_at(struct dwarf_object *object, Dwarf_Addr pc, int *ret_error)
{
    const struct span *span = spans_find(&object->ranges, pc);
    if (!span)
        return NULL;
    struct dwarf_unit *unit = &object->units[span->id];
    uint32_t *stored;
    *ret_error = dwarf_unit_index(unit);
    if (!*ret_error) /* indexing may have moved on to the unit in a .dwo file */
        *ret_error =
            map_add(&object->names.unit_ids, &unit->die.cu, sizeof(unit->die.cu), span->id, &stored, NULL);
    return *ret_error ? NULL : unit;
}

int dwarf_object_frames(struct dwarf_object *object, uint64_t vaddr, struct symbol_frame *frames, size_t max)
{
    Dwarf_Die chain[FRAMES_MAX];
    Dwarf_Addr pc = vaddr - object->bias;
    int error = 0;
    struct dwarf_unit *unit = max ? unit_at(object, pc, &error) : NULL;
    if (!unit)
        return error;
    size_t count = dwarf_unit_chain(unit, pc, chain, FRAMES_MAX);
    Dwarf_Line *line = dwarf_getsrc_die(&unit->die, pc);
    if (!count && !line)
        return 0;
    frames[0] = (struct symbol_frame){0};
    if (line)
        set_line(&frames[0], line);
    for (size_t i = 0; i < count && i < max; i++) {
        Dwarf_Die *die = &chain[count - 1 - i];
        if (i) {
            frames[i] = (struct symbol_frame){0};
            set_call_site(&frames[i], unit, die + 1);
        }
        frames[i].name = dwarf_names_of(&object->names, die);
        frames[i].start_line = number_of(die, DW_AT_decl_line);
    }
    return (int)(count < 1 ? 1 : count < max ? count : max);
}

void dwarf_object_free(struct dwarf_object *object)
{
    if (!object)
        return;
    for (size_t i = 0; i < object->unit_count; i++)
        dwarf_unit_clear(&object->units[i]);
    free(object->units);
    spans_clear(&object->ranges);
    dwarf_names_clear(&object->names);
    if (object->dwfl)
        dwfl_end(object->dwfl);
    free(object->debug_path);
    free(object);
}
