/* The module writer. Its lock is a spinning one of our own: the program's mutexes, and hooks on them, stay
 * out of it. */
#include "hooks/module_list.h"

#include "capture/cfi.h"
#include "capture/memory.h"
#include "hooks/build_id.h"
#include "hooks/lock_order.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES_MAX 4096
#define HISTORY_MAX 1024
#define PAGE UINT64_C(4096)
#define PHDRS_MAX 64
#define NOTE_BYTES_MAX 1024

static atomic_flag writer_lock = ATOMIC_FLAG_INIT; /* protects everything below, and who may publish */
static struct module *history;                     /* unloaded modules */
static uint32_t history_count;
static uint64_t last_adds, last_subs; /* the loader's own counters at the last refresh */

static void lock(void)
{
    lock_order_note(LOCK_RANK_WRITER);
    while (atomic_flag_test_and_set_explicit(&writer_lock, memory_order_acquire))
        syscall(SYS_sched_yield);
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&writer_lock, memory_order_release);
    lock_order_note_end(LOCK_RANK_WRITER);
}

/* The program headers of one object. They and the notes are copied before they are read: they lie in the
 * object's own mapping, and the program may have unmapped it, or cut its file. */
struct headers {
    unsigned count;
    ElfW(Phdr) phdr[PHDRS_MAX];
};

struct reading {
    struct module_list *list;
    struct headers *headers; /* of the object at hand */
    uint32_t room;
    uint64_t adds, subs;
    bool is_first;
    bool is_changed;
};

static void read_headers(const struct dl_phdr_info *info, struct headers *ret)
{
    ret->count = info->dlpi_phnum < PHDRS_MAX ? info->dlpi_phnum : PHDRS_MAX;
    if (!memory_read((uint64_t)(uintptr_t)info->dlpi_phdr, ret->phdr, ret->count * sizeof(ret->phdr[0])))
        ret->count = 0;
}

static void read_build_id(const struct dl_phdr_info *info, const ElfW(Phdr) * segment, struct module *module)
{
    _Alignas(8) char notes[NOTE_BYTES_MAX];
    size_t size = segment->p_memsz < sizeof(notes) ? segment->p_memsz : sizeof(notes);
    if (!module->build_id_len && memory_read(info->dlpi_addr + segment->p_vaddr, notes, size))
        module->build_id_len =
            (uint16_t)build_id_in_notes(notes, size, module->build_id, sizeof(module->build_id));
}

/* The path of an object as /proc would show it. Lives for ever: names are few and come again. */
static const char *path_of(const struct dl_phdr_info *info, bool is_main)
{
    static char main_path[4096];
    if (is_main) {
        if (!main_path[0]) {
            ssize_t size = readlink("/proc/self/exe", main_path, sizeof(main_path) - 1);
            main_path[size > 0 ? size : 0] = 0;
        }
        return main_path;
    }
    if (!info->dlpi_name || !info->dlpi_name[0] || strncmp(info->dlpi_name, "linux-vdso", 10) == 0)
        return "[vdso]";
    return info->dlpi_name;
}

static void read_common(const struct dl_phdr_info *info, const struct headers *headers, struct module *module)
{
    module->bias = info->dlpi_addr;
    module->dead_epoch = UINT32_MAX;
    for (unsigned i = 0; i < headers->count; i++) {
        const ElfW(Phdr) *segment = &headers->phdr[i];
        if (segment->p_type == PT_GNU_EH_FRAME)
            module->hdr = info->dlpi_addr + segment->p_vaddr;
        else if (segment->p_type == PT_NOTE)
            read_build_id(info, segment, module);
    }
    for (unsigned i = 0; module->hdr && i < headers->count; i++) {
        const ElfW(Phdr) *segment = &headers->phdr[i];
        uint64_t low = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && module->hdr >= low && module->hdr < low + segment->p_filesz) {
            module->data_low = low;
            module->data_high = low + segment->p_filesz;
        }
    }
    if (module->data_high)
        cfi_find_table(module);
}

static void add_segments(const struct dl_phdr_info *info, const struct module *common,
                         struct reading *reading)
{
    const struct headers *headers = reading->headers;
    bool is_first_segment = true;
    for (unsigned i = 0; i < headers->count && reading->list->count < reading->room; i++) {
        const ElfW(Phdr) *segment = &headers->phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        struct module *module = &reading->list->modules[reading->list->count++];
        *module = *common;
        module->low = (info->dlpi_addr + segment->p_vaddr) & ~(PAGE - 1);
        module->high = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz + PAGE - 1) & ~(PAGE - 1);
        module->file_offset = segment->p_offset & ~(PAGE - 1);
        module->phdr = is_first_segment ? info->dlpi_phdr : NULL;
        module->phnum = info->dlpi_phnum;
        is_first_segment = false;
    }
}

static int read_object(struct dl_phdr_info *info, size_t size, void *context)
{
    struct reading *reading = context;
    bool is_main = reading->is_first;
    if (is_main && size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs)) {
        reading->adds = info->dlpi_adds;
        reading->subs = info->dlpi_subs;
        if (!reading->is_changed && reading->adds == last_adds && reading->subs == last_subs)
            return 1;
        reading->is_changed = true;
    }
    reading->is_first = false;
    struct module common = {0};
    read_headers(info, reading->headers);
    read_common(info, reading->headers, &common);
    common.path = path_of(info, is_main);
    common.is_main = is_main;
    add_segments(info, &common, reading);
    return 0;
}

static int by_address(const void *a, const void *b)
{
    uint64_t left = ((const struct module *)a)->low, right = ((const struct module *)b)->low;
    return left < right ? -1 : left > right;
}

static bool is_same(const struct module *a, const struct module *b)
{
    return a->low == b->low && a->high == b->high && a->build_id_len == b->build_id_len &&
           memcmp(a->build_id, b->build_id, a->build_id_len) == 0 && strcmp(a->path, b->path) == 0;
}

static const struct module *find_same(const struct module_list *list, const struct module *module)
{
    for (uint32_t i = 0; list && i < list->count; i++) {
        if (is_same(&list->modules[i], module))
            return &list->modules[i];
    }
    return NULL;
}

/* Modules of the old list that are gone. The loader's copy of their path may go with them: keep our own. */
static void retire(const struct module_list *old, const struct module_list *fresh)
{
    for (uint32_t i = 0; old && i < old->count; i++) {
        const struct module *module = &old->modules[i];
        if (find_same(fresh, module))
            continue;
        if (!history)
            history = calloc(HISTORY_MAX, sizeof(*history));
        if (!history || history_count == HISTORY_MAX)
            return;
        history[history_count] = *module;
        history[history_count].phdr = NULL;
        history_count++;
    }
}

/* New modules: an old one that comes back leaves the history; one that lies where another lay opens a new
 * epoch. */
static void welcome(struct module_state *state, struct module_list *fresh, const struct module_list *old)
{
    uint32_t epoch = atomic_load_explicit(&state->epoch, memory_order_relaxed);
    uint32_t next_epoch = epoch;
    for (uint32_t i = 0; i < fresh->count; i++) {
        struct module *module = &fresh->modules[i];
        const struct module *before = find_same(old, module);
        if (before) {
            module->born_epoch = before->born_epoch;
            module->path = before->path;
            continue;
        }
        const char *own = strdup(module->path);
        module->path = own ? own : "";
        module->born_epoch = 0;
        for (uint32_t k = 0; k < history_count; k++) {
            struct module *past = &history[k];
            if (past->dead_epoch != UINT32_MAX || past->high <= module->low || past->low >= module->high)
                continue;
            if (is_same(past, module)) {
                module->born_epoch = past->born_epoch;
                free((void *)(uintptr_t)module->path);
                module->path = past->path;
                *past = history[--history_count];
                k--;
                continue;
            }
            next_epoch = epoch + 1;
            past->dead_epoch = next_epoch;
            module->born_epoch = next_epoch;
        }
    }
    /* Release: stacks of the new epoch come after the list that explains them. */
    atomic_store_explicit(&state->epoch, next_epoch, memory_order_release);
}

/* Publishes a reading unless a younger one was published meanwhile. Called under the lock. */
static bool publish(struct module_state *state, struct module_list *fresh, const struct reading *reading,
                    const struct module_list **ret_old)
{
    const struct module_list *old = atomic_load_explicit(&state->loaded, memory_order_relaxed);
    if (old && reading->adds + reading->subs <= last_adds + last_subs)
        return false;
    retire(old, fresh);
    welcome(state, fresh, old);
    last_adds = reading->adds;
    last_subs = reading->subs;
    atomic_store_explicit(&state->loaded, fresh, memory_order_release);
    *ret_old = old;
    return true;
}

bool module_list_refresh(struct module_state *state, iterate_fn iterate, const struct module_list **ret_old)
{
    *ret_old = NULL;
    struct reading reading = {.room = MODULES_MAX,
                              .is_first = true,
                              .is_changed = !atomic_load_explicit(&state->loaded, memory_order_acquire)};
    reading.list = calloc(1, sizeof(struct module_list) + MODULES_MAX * sizeof(struct module));
    reading.headers = malloc(sizeof(*reading.headers));
    if (!reading.list || !reading.headers) {
        free(reading.list);
        free(reading.headers);
        return false;
    }
    /* Not under our lock: the loader's comes first, since a destructor that dlclose runs may come here. */
    lock_order_note(LOCK_RANK_LOADER);
    iterate(read_object, &reading);
    lock_order_note_end(LOCK_RANK_LOADER);
    free(reading.headers);
    bool is_published = false;
    if (reading.is_changed && reading.list->count) {
        size_t size = sizeof(struct module_list) + reading.list->count * sizeof(struct module);
        struct module_list *fit = realloc(reading.list, size);
        reading.list = fit ? fit : reading.list;
        qsort(reading.list->modules, reading.list->count, sizeof(struct module), by_address);
        lock();
        is_published = publish(state, reading.list, &reading, ret_old);
        unlock();
    }
    if (!is_published)
        free(reading.list);
    return is_published;
}

void module_list_free(const struct module_list *list)
{
    free((void *)(uintptr_t)list);
}

void module_list_each(struct module_state *state, void (*each)(const struct module *module, void *context),
                      void *context)
{
    lock();
    const struct module_list *list = atomic_load_explicit(&state->loaded, memory_order_relaxed);
    for (uint32_t i = 0; list && i < list->count; i++)
        each(&list->modules[i], context);
    for (uint32_t i = 0; i < history_count; i++)
        each(&history[i], context);
    unlock();
}

void module_list_after_fork_child(void)
{
    unlock();
}
