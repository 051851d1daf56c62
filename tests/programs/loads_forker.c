/* Loads the plugin that forks until standard input ends, then computes and waits in turns until it is told to
 * end by a signal. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    if (dlopen("libforking_plugin.so", RTLD_NOW) == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    printf("loaded\n");
    fflush(stdout);
    for (;;) {
        usleep(1000);
    }
}
