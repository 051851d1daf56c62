/* Objects whose unwind tables or code go away under them: a raw munmap, a file cut short. */
#include "hard_stacks.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PLUGIN "libhard_plugin.so"

typedef void (*spin_fn)(unsigned long rounds);

struct plugin {
    int fd; /* of the private copy that is mapped */
    spin_fn spin;
    uintptr_t tables, code; /* the segments that hold the unwind tables and the function */
    size_t tables_size, code_size, tables_offset;
};

static int read_segments(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct plugin *plugin = context;
    uintptr_t header = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            header = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t low = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD)
            continue;
        if ((uintptr_t)plugin->spin >= low && (uintptr_t)plugin->spin < low + segment->p_memsz) {
            plugin->code = low & ~(uintptr_t)4095;
            plugin->code_size = segment->p_memsz + (low & 4095);
        } else if (plugin->code && header >= low && header < low + segment->p_memsz) {
            plugin->tables = low & ~(uintptr_t)4095;
            plugin->tables_size = segment->p_memsz + (low & 4095);
            plugin->tables_offset = segment->p_offset & ~(size_t)4095;
        }
    }
    return plugin->code != 0;
}

/* Maps a copy of the plugin that is this case's own. */
static struct plugin load(const char *name)
{
    struct plugin plugin = {.fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    char path[4096];
    Dl_info info;
    void *original = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    int from = original && dladdr(dlsym(original, "plugin_spin"), &info)
                   ? open(info.dli_fname, O_RDONLY | O_CLOEXEC)
                   : -1;
    struct stat status;
    if (plugin.fd < 0 || from < 0 || fstat(from, &status) != 0 ||
        sendfile(plugin.fd, from, NULL, (size_t)status.st_size) != status.st_size || !realpath(name, path))
        give_up("copying " PLUGIN);
    close(from);
    dlclose(original);
    void *copy = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    unlink(name);
    plugin.spin = copy ? (spin_fn)dlsym(copy, "plugin_spin") : NULL;
    if (!plugin.spin || !dl_iterate_phdr(read_segments, &plugin) || !plugin.tables)
        give_up("loading " PLUGIN);
    return plugin;
}

void case_unmapped_tables(void)
{
    struct plugin plugin = load("unmapped_tables.so");
    syscall(SYS_munmap, plugin.tables, plugin.tables_size);
    plugin.spin(ROUNDS);
}

void case_cut_tables(void)
{
    struct plugin plugin = load("cut_tables.so");
    if (ftruncate(plugin.fd, (off_t)plugin.tables_offset) != 0)
        give_up("ftruncate");
    plugin.spin(ROUNDS);
}

/* Other code where code was: what is known of the address is wrong now. */
void case_replaced_code(void)
{
    static const unsigned char loop[] = {0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3}; /* 1: dec %rdi; jnz 1b; ret */
    struct plugin plugin = load("replaced_code.so");
    plugin.spin(ROUNDS);
    syscall(SYS_munmap, plugin.code, plugin.code_size);
    void *fresh = mmap((void *)plugin.code, plugin.code_size, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (fresh == MAP_FAILED)
        give_up("mmap");
    memcpy((void *)(uintptr_t)plugin.spin, loop, sizeof(loop));
    plugin.spin(ROUNDS);
}
