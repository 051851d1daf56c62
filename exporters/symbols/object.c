/* The order in which the sources of names are asked, each opened when the one before it didn't know. */
#include "exporters/symbols/object.h"

#include "exporters/symbols/vdso.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_path(struct symbol_object *object, const char *file)
{
    static const char deleted[] = " (deleted)";
    size_t len = strlen(file), mark = sizeof(deleted) - 1;
    if (len >= mark && strcmp(file + len - mark, deleted) == 0)
        len -= mark;
    const char *root = *file == '/' && object->root ? object->root : "";
    if (asprintf(&object->path, "%s%.*s", root, (int)len, file) < 0) {
        object->path = NULL;
        return -ENOMEM;
    }
    const char *slash = strrchr(object->path, '/');
    object->basename = slash && slash[1] ? slash + 1 : object->path;
    return 0;
}

static int open_file(struct symbol_object *object)
{
    const void *image;
    size_t len;
    if (*object->path == '/')
        return elf_file_open(object->path, &object->file);
    if (strcmp(object->path, "[vdso]") != 0)
        return -ENOENT;
    int error = vdso_image(&image, &len);
    return error ? error : elf_file_from_image(image, len, &object->file);
}

int symbol_object_open(const char *file, const char *build_id, const struct symbolize_options *options,
                       struct symbol_object *object)
{
    char found[BUILD_ID_HEX_SIZE] = "";
    *object = (struct symbol_object){.root = options ? options->root : NULL, .file = {.fd = -1}};
    int error = set_path(object, file);
    if (error)
        return error;
    error = open_file(object);
    if (error)
        return error == -ENOMEM ? error : 0;
    elf_file_build_id(&object->file, found);
    object->is_usable = !*build_id || strcmp(build_id, found) == 0;
    if (!object->is_usable)
        return 0;
    return frame_cache_load(options ? options->cache_dir : NULL, found, &object->cache);
}

static int load_dwarf(struct symbol_object *object)
{
    if (object->has_tried_dwarf || object->file.image)
        return 0;
    object->has_tried_dwarf = true;
    int error = dwarf_object_open(object->path, object->file.fd, object->root, &object->dwarf);
    return error == -ENOMEM ? error : 0;
}

/* Reads the symbol tables of the object and, when it was stripped, of its debug file. */
static int load_names(struct symbol_object *object)
{
    if (object->has_names)
        return 0;
    object->has_names = true;
    const struct elf_file *file = &object->file;
    int error = file->image ? elf_names_from_image(file->image, (size_t)file->len, &object->names)
                            : elf_names_from_file(object->path, &object->names);
    if (error != -ENOMEM)
        error = load_dwarf(object);
    const char *debug_file = object->dwarf ? dwarf_object_debug_file(object->dwarf) : NULL;
    if (!error && debug_file)
        error = elf_names_from_file(debug_file, &object->debug_names);
    return error == -ENOMEM ? error : 0;
}

static const char *symbol_name(struct symbol_object *object, uint64_t vaddr)
{
    const char *name = object->debug_names ? elf_names_find(object->debug_names, vaddr, NULL) : NULL;
    if (!name && object->names)
        name = elf_names_find(object->names, vaddr, NULL);
    return name;
}

/* What the DWARF says, or else the symbol tables; from the cache when it has been asked before. 0 frames when
 * neither knows, and frames without a name when only a line is known. */
static int known_frames(struct symbol_object *object, uint64_t vaddr, struct symbol_frame *frames, size_t max)
{
    int count = frame_cache_find(&object->cache, vaddr, frames, max);
    if (count >= 0)
        return count;
    int error = load_dwarf(object);
    bool has_dwarf = !error && object->dwarf && dwarf_object_has_dwarf(object->dwarf);
    count = has_dwarf ? dwarf_object_frames(object->dwarf, vaddr, frames, max) : error;
    if (count < 0)
        return count;
    /* Inlined code is part of another function's symbol: only the outermost frame may take that name. */
    if (!count || !frames[count - 1].name) {
        error = load_names(object);
        const char *name = error ? NULL : symbol_name(object, vaddr);
        if (error)
            return error;
        if (name && !count)
            frames[count++] = (struct symbol_frame){0};
        if (name)
            frames[count - 1].name = name;
    }
    if (has_dwarf)
        frame_cache_add(&object->cache, vaddr, frames, (size_t)count);
    return count;
}

/* The start of the function around `vaddr` by the unwind tables, or `vaddr` itself. */
static uint64_t function_start(struct symbol_object *object, uint64_t vaddr)
{
    uint64_t start = vaddr;
    if (!object->has_starts && frame_starts_load(&object->file, &object->starts))
        object->starts = (struct frame_starts){0};
    object->has_starts = true;
    (void)frame_starts_find(&object->starts, vaddr, &start);
    return start;
}

/* "lib.so+0x1234", where the number keeps samples of one unnamed function together if that is possible.
 * Without the object its address space isn't known either, and the number is the offset in the file. */
static const char *fallback_name(struct symbol_object *object, uint64_t offset, uint64_t vaddr)
{
    uint64_t number = vaddr == UINT64_MAX ? offset : function_start(object, vaddr);
    snprintf(object->fallback, sizeof(object->fallback), "%.400s+0x%" PRIx64, object->basename, number);
    return object->fallback;
}

int symbol_object_frames(struct symbol_object *object, uint64_t offset, struct symbol_frame *frames,
                         size_t max)
{
    uint64_t vaddr = UINT64_MAX;
    if (object->is_usable)
        vaddr = elf_vaddr_of_offset(object->file.segments, object->file.segment_count, offset);
    int count = vaddr == UINT64_MAX ? 0 : known_frames(object, vaddr, frames, max);
    if (!count)
        frames[count++] = (struct symbol_frame){0};
    for (int i = 0; i < count; i++)
        if (!frames[i].name)
            frames[i].name = fallback_name(object, offset, vaddr);
    return count;
}

void symbol_object_close(struct symbol_object *object)
{
    /* A cache that cannot be written costs time, not correctness. */
    int error = frame_cache_save(&object->cache);
    (void)error;
    frame_cache_clear(&object->cache);
    frame_starts_clear(&object->starts);
    elf_names_free(object->names);
    elf_names_free(object->debug_names);
    dwarf_object_free(object->dwarf);
    elf_file_clear(&object->file);
    free(object->path);
    *object = (struct symbol_object){.file = {.fd = -1}};
}
