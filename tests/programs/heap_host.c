/* heap_host: a C program that loads a C++ plugin and runs it. */
#include <dlfcn.h>
#include <stdio.h>

int main(void)
{
    void *plugin = dlopen("libheap_plugin.so", RTLD_NOW | RTLD_LOCAL);
    void (*run)(void) = plugin ? (void (*)(void))dlsym(plugin, "plugin_run") : NULL;
    if (!run) {
        puts(dlerror());
        return 1;
    }
    run();
    return 0;
}
