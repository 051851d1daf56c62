/* Every interposed loader call. The plugin lies in a folder that only this program's RUNPATH names. */
#include "transcript.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#define PLUGIN "libcalls_plugin.so"

static int twice(int value)
{
    return 2 * value;
}

struct seen {
    int modules;
    int has_main;
    int has_plugin;
    int has_libc;
};

static int on_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct seen *seen = arg;
    (void)size;
    seen->has_main |= seen->modules == 0 && info->dlpi_name[0] == '\0' && info->dlpi_phnum > 0;
    seen->has_plugin |= strstr(info->dlpi_name, PLUGIN) != NULL;
    seen->has_libc |= strstr(info->dlpi_name, "libc.so") != NULL;
    seen->modules++;
    return 0;
}

static int stop_at_once(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)info;
    (void)size;
    ++*(int *)arg;
    return 17;
}

static void list_modules(const char *when)
{
    struct seen seen = {0, 0, 0, 0};
    int result = dl_iterate_phdr(on_module, &seen);
    transcript_line("dl_iterate_phdr %s = %d: program first %s, libc %s, plugin %s", when, result,
                    seen.has_main ? "yes" : "no", seen.has_libc ? "yes" : "no",
                    seen.has_plugin ? "yes" : "no");
}

static void call_plugin(const char *name, void *handle)
{
    union {
        void *object;
        int (*function)(int (*)(int), int);
    } call = {dlsym(handle, "plugin_call")};
    union {
        void *object;
        void *(*function)(const char *);
    } next = {dlsym(handle, "plugin_next")};
    transcript_line("%s: plugin_call = %d", name, call.object != NULL ? call.function(twice, 20) : -1);
    transcript_line("%s: RTLD_NEXT from the plugin finds no plugin_call: %s", name,
                    next.object != NULL && next.function("plugin_call") == NULL ? "yes" : "no");
    Dl_info info;
    transcript_line("%s: dladdr knows it: %s", name,
                    dladdr(call.object, &info) != 0 && strstr(info.dli_fname, PLUGIN) != NULL ? "yes" : "no");
}

static void failing(void)
{
    void *handle = dlopen("libno-such-plugin.so.1", RTLD_NOW);
    transcript_line("dlopen of nothing = %s", handle == NULL ? "NULL" : "a handle");
    const char *text = dlerror();
    transcript_line("dlerror: %s", text != NULL ? text : "none");
    transcript_line("dlerror again: %s", dlerror() != NULL ? "something" : "none");
    handle = dlmopen(LM_ID_BASE, "libno-such-plugin.so.1", RTLD_NOW);
    transcript_line("dlmopen of nothing = %s", handle == NULL ? "NULL" : "a handle");
    text = dlerror();
    transcript_line("dlerror: %s", text != NULL ? text : "none");
    handle = dlopen(PLUGIN, 0);
    transcript_line("dlopen without a mode = %s", handle == NULL ? "NULL" : "a handle");
    text = dlerror();
    transcript_line("dlerror: %s", text != NULL ? text : "none");
}

int main(void)
{
    transcript_begin();
    list_modules("at first");
    int calls = 0;
    int result = dl_iterate_phdr(stop_at_once, &calls);
    transcript_line("dl_iterate_phdr stopped by its callback = %d after %d", result, calls);
    failing();
    void *handle = dlopen(PLUGIN, RTLD_LAZY | RTLD_NOLOAD);
    transcript_line("dlopen with RTLD_NOLOAD before = %s", handle == NULL ? "NULL" : "a handle");
    handle = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    transcript_line("dlopen through RUNPATH = %s", handle == NULL ? dlerror() : "a handle");
    if (handle == NULL) {
        return 1;
    }
    transcript_line("plugin_call in the global scope: %s",
                    dlsym(RTLD_DEFAULT, "plugin_call") != NULL ? "yes" : "no");
    call_plugin("dlopen", handle);
    list_modules("with the plugin");
    transcript_line("dlopen twice gives one handle: %s", dlopen(PLUGIN, RTLD_NOW) == handle ? "yes" : "no");
    transcript_line("dlclose = %d", dlclose(handle));
    list_modules("after one dlclose");
    transcript_line("dlclose = %d", dlclose(handle));
    list_modules("after both");
    handle = dlmopen(LM_ID_NEWLM, PLUGIN, RTLD_NOW);
    transcript_line("dlmopen into a new namespace = %s", handle == NULL ? dlerror() : "a handle");
    if (handle != NULL) {
        call_plugin("dlmopen", handle);
        transcript_line("dlclose = %d", dlclose(handle));
    }
    handle = dlopen(NULL, RTLD_NOW);
    transcript_line("dlopen of the program itself = %s", handle != NULL ? "a handle" : "NULL");
    transcript_line("dlclose = %d", handle != NULL ? dlclose(handle) : -1);
    return 0;
}
