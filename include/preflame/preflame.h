/* What a program may say to preflame. Nothing to link: the functions are looked up in the process, and when
 * preflame isn't preloaded every one returns PREFLAME_ABSENT and does nothing else.
 *
 * Times are of the calling thread; strings are copied. Every function may be called in any thread. */
#ifndef PREFLAME_H
#define PREFLAME_H

#include <dlfcn.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PREFLAME_OK 0
#define PREFLAME_ABSENT 1 /* not preloaded, or switched off */

/* All that the preload offers, under one symbol, `preflame_api_1`. Other languages take the functions of the
 * same names with the same C types by dlsym: `preflame_label_set` and so on. All return PREFLAME_OK, or
 * negative errno. */
struct preflame_api {
    size_t size; /* bytes of this struct in the preload: members beyond are missing */
    int (*label_set)(const char *key, const char *value);
    int (*label_unset)(const char *key);
    int (*cpu_profile_start)(const char *path);
    int (*cpu_profile_stop)(void);
    int (*profile_write)(const char *name, const char *path);
};

#ifndef PREFLAME_NO_FUNCTIONS

static inline const struct preflame_api *preflame_find_api(void)
{
    static const struct preflame_api *api;
    static int is_looked_up;
    if (!__atomic_load_n(&is_looked_up, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&api, (const struct preflame_api *)dlsym(RTLD_DEFAULT, "preflame_api_1"),
                         __ATOMIC_RELAXED);
        __atomic_store_n(&is_looked_up, 1, __ATOMIC_RELEASE);
    }
    return __atomic_load_n(&api, __ATOMIC_RELAXED);
}

#define PREFLAME_CALL_(function, ...)                                                                        \
    (preflame_find_api() && preflame_find_api()->size > offsetof(struct preflame_api, function)              \
         ? preflame_find_api()->function(__VA_ARGS__)                                                        \
         : PREFLAME_ABSENT)

/* Samples that this thread gives from now on carry `key` = `value` (CPU, heap, mutex, block and the others
 * that are counted by stack), until it is set otherwise or unset; threads don't inherit it. -EINVAL for an
 * empty key or one that preflame or pprof uses itself, -E2BIG when the thread's labels grow too large,
 * -ENOSPC when the process has used too many different sets. For what has few values: a request's route, not
 * its id. */
static inline int preflame_label_set(const char *key, const char *value)
{
    return PREFLAME_CALL_(label_set, key, value);
}

static inline int preflame_label_unset(const char *key)
{
    return PREFLAME_CALL_(label_unset, key);
}

/* As pprof.StartCPUProfile and StopCPUProfile: the profile of the time between them, written to `path`.
 * -EBUSY when one is running, for whomever; -ENOENT from stop when none was started so. stop returns when the
 * file is there. */
static inline int preflame_cpu_profile_start(const char *path)
{
    return PREFLAME_CALL_(cpu_profile_start, path);
}

static inline int preflame_cpu_profile_stop(void)
{
    return PREFLAME_CALL_(cpu_profile_stop);
}

/* As pprof.Lookup(name).WriteTo: "heap", "mutex", "block", ... as they are now. -ENOENT for an unknown name.
 */
static inline int preflame_profile_write(const char *name, const char *path)
{
    return PREFLAME_CALL_(profile_write, name, path);
}

#endif /* PREFLAME_NO_FUNCTIONS */

#ifdef __cplusplus
} /* extern "C" */
#endif

#if defined(__cplusplus) && !defined(PREFLAME_NO_FUNCTIONS)
namespace preflame
{

/* A label for the life of a scope: `preflame::label route{"route", "/hello"};`. What the key meant before is
 * not put back. */
class label
{
  public:
    label(const char *key, const char *value) : key_(key)
    {
        preflame_label_set(key, value);
    }
    ~label()
    {
        preflame_label_unset(key_);
    }
    label(const label &) = delete;
    label &operator=(const label &) = delete;

  private:
    const char *key_;
};

} // namespace preflame
#endif

#endif
