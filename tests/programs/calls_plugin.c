/* A small shared object that programs load and unload; code of it may be on the stack meanwhile. */
#include <dlfcn.h>
#include <stddef.h>

__attribute__((visibility("default"))) int plugin_call(int (*callback)(int), int value);
__attribute__((visibility("default"))) void *plugin_next(const char *name);

/* Calls back through two frames of the plugin. */
static __attribute__((noinline)) int plugin_inner(int (*callback)(int), int value)
{
    int result = callback(value) + 1;
    __asm__ volatile("" : "+r"(result)); /* no tail call: the frame must stay */
    return result;
}

int plugin_call(int (*callback)(int), int value)
{
    int result = callback != NULL ? plugin_inner(callback, value) : value;
    __asm__ volatile("" : "+r"(result));
    return result;
}

/* RTLD_NEXT is relative to the caller: this object. */
void *plugin_next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}
