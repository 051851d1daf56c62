/* A preload for tests, behind libpreflame.so: a dlsym that allocates, as some interposers' do, and that works
 * on with its block later. It is asked for malloc itself before anybody can have any. */
#include "base/compiler.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef void *(*dlsym_fn)(void *handle, const char *name);

static _Thread_local int depth;
static char *first, *second;
static int calls;

EXPORT void *dlsym(void *handle, const char *name);
void *dlsym(void *handle, const char *name)
{
    static dlsym_fn real;
    if (!real)
        real = (dlsym_fn)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!real)
        real = (dlsym_fn)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    if (calls++ < 3 && !depth) {
        depth++;
        char *block = malloc(100);
        if (block)
            memcpy(block, "early", sizeof("early"));
        if (!first) {
            first = block;
            second = calloc(10, 10);
        }
        depth--;
    }
    /* RTLD_NEXT means what comes behind the caller: that is preflame, and we are behind it too. */
    return real(handle, name);
}

__attribute__((destructor)) static void report(void)
{
    char line[160];
    size_t usable = malloc_usable_size(first);
    int zeroes = 0;
    for (int i = 0; i < 100; i++)
        zeroes += second && second[i] == 0;
    first = realloc(first, 1000);
    free(second);
    int len = snprintf(line, sizeof line, "dlsym_allocates: %s, usable %s, %d zeroes\n",
                       first ? first : "nothing", usable >= 100 ? "enough" : "less", zeroes);
    free(first);
    syscall(SYS_write, 2, line, len);
}
