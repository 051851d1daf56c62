/* Loading libcurl. */
#include "viewer/client/curl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* ISO C has no conversion between pointers to objects and to functions; POSIX has. */
static bool look_up(void *library, const char *name, void *ret_function)
{
    void *symbol = dlsym(library, name);
    memcpy(ret_function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

const struct curl_functions *curl_load(void)
{
    static struct curl_functions functions;
    static bool is_loaded;
    if (is_loaded)
        return &functions;
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return NULL;
    is_loaded = true;
#define CURL_LOOK_UP(name) is_loaded = is_loaded && look_up(library, "curl_" #name, &functions.name);
    CURL_FUNCTIONS(CURL_LOOK_UP)
#undef CURL_LOOK_UP
    is_loaded = is_loaded && functions.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    return is_loaded ? &functions : NULL;
}
