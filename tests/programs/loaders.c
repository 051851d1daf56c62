/* loaders WAY [FOLDER]: unusual ways of loading code, and of standing in front of libc; one a run. */
#include "base/clock.h"
#include "base/compiler.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLUGIN "libloaders_plugin.so"
#define PLUGINS_MAX 64
#define BURN_NS INT64_C(100000000)

int early_join(void);

static atomic_uint own_reads, own_locks;

/* The program's own read and pthread_mutex_lock, in front of everybody's. */
EXPORT ssize_t read(int fd, void *data, size_t size)
{
    ssize_t (*next)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
    atomic_fetch_add(&own_reads, 1);
    return next(fd, data, size);
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*_Atomic next)(pthread_mutex_t *);
    int (*real)(pthread_mutex_t *) = atomic_load(&next);
    if (real == NULL) {
        real = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
        atomic_store(&next, real);
    }
    atomic_fetch_add(&own_locks, 1);
    return real(mutex);
}

static void burn(void)
{
    int64_t end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + BURN_NS;
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns) {
    }
}

static int use(void *plugin, const char *how)
{
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    unsigned (*work)(void) = (unsigned (*)(void))dlsym(plugin, "plugin_work");
    char *(*text)(void) = (char *(*)(void))dlsym(plugin, "plugin_text");
    printf("%s: %u rounds\n", how, work());
    burn();
    char *memory = text();
    printf("%s\n", memory);
    if (strcmp(how, "namespace") != 0) { /* the memory of another libc isn't ours to free */
        free(memory);
    }
    printf("closed: %d\n", dlclose(plugin));
    return 0;
}

static int way_deepbind(const char *folder)
{
    (void)folder;
    return use(dlopen(PLUGIN, RTLD_NOW | RTLD_DEEPBIND), "deepbind");
}

static int way_namespace(const char *folder)
{
    (void)folder;
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/../lib/" PLUGIN));
    if (len <= 0) {
        return 1;
    }
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    memcpy(slash, "/../lib/" PLUGIN, sizeof("/../lib/" PLUGIN));
    return use(dlmopen(LM_ID_NEWLM, path, RTLD_NOW), "namespace");
}

static int (*plugin_tls[PLUGINS_MAX])(int);
static int plugin_count;

static void *touch_all(void *sum)
{
    for (int i = 0; i < plugin_count; i++) {
        *(int *)sum += plugin_tls[i](i + 1);
    }
    for (int i = 0; i < plugin_count; i++) {
        *(int *)sum += plugin_tls[i](0) - (i + 1);
    }
    return NULL;
}

/* Plugins from FOLDER, each with static TLS, until the loader has none left. */
static int way_static_tls(const char *folder)
{
    void *plugin = NULL;
    do {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%d.so", folder, plugin_count);
        plugin = dlopen(path, RTLD_NOW);
        if (plugin != NULL) {
            plugin_tls[plugin_count++] = (int (*)(int))dlsym(plugin, "plugin_tls");
        }
    } while (plugin != NULL && plugin_count < PLUGINS_MAX);
    const char *error = plugin == NULL ? dlerror() : "";
    printf("%d plugins; out of static TLS: %d\n", plugin_count, strstr(error, "static TLS") != NULL);
    int sum = 0;
    pthread_t thread;
    touch_all(&sum);
    pthread_create(&thread, NULL, touch_all, &sum);
    pthread_join(thread, NULL);
    printf("sum %d\n", sum);
    return 0;
}

/* The constructor's threads of a linked library, at work since before main. */
static int way_early_threads(const char *folder)
{
    (void)folder;
    burn();
    return 0;
}

static int way_interposes(const char *folder)
{
    (void)folder;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int ends[2];
    char byte = 'x';
    unsigned reads = atomic_load(&own_reads), locks = atomic_load(&own_locks);
    if (pipe(ends) != 0 || write(ends[1], &byte, 1) != 1) {
        return 1;
    }
    ssize_t got = read(ends[0], &byte, 1);
    printf("read %zd, lock %d, unlock %d\n", got, pthread_mutex_lock(&lock), pthread_mutex_unlock(&lock));
    burn();
    printf("own: %d reads, lock seen: %d\n", (int)(atomic_load(&own_reads) - reads),
           atomic_load(&own_locks) > locks);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(const char *folder);
} ways[] = {{"deepbind", way_deepbind},
            {"namespace", way_namespace},
            {"static-tls", way_static_tls},
            {"early-threads", way_early_threads},
            {"interposes", way_interposes}};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(ways); i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            int status = ways[i].run(argc > 2 ? argv[2] : "");
            printf("early threads: %d\n", early_join());
            return status;
        }
    }
    fprintf(stderr, "usage: loaders WAY [FOLDER]\n");
    return 2;
}
