/* What a program may say to preflame. Nothing to link: the functions are looked up in the process, and when
 * preflame isn't preloaded every one returns PREFLAME_ABSENT and does nothing else.
 *
 * Times are of the calling thread; strings are copied. Every function may be called in any thread. */
#ifndef PREFLAME_H
#define PREFLAME_H

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

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
    int (*task_begin)(const char *name, uint64_t parent, uint64_t *ret_task);
    int (*task_end)(uint64_t task);
    int (*region_begin)(uint64_t task, const char *name);
    int (*region_end)(uint64_t task, const char *name);
    int (*log)(uint64_t task, const char *category, const char *message);
    int (*counter)(const char *name, double value);
    int (*trace_start)(const char *path);
    int (*trace_stop)(void);
    int (*trace_dump)(void);
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

/* As runtime/trace's Start and Stop: what this process' threads do between them is recorded into the folder
 * `path`, which must be new or empty: an LTTng trace, for `preflame view` and babeltrace2. Start returns when
 * the recording has begun, which takes a second or two, and up to half a minute where LTTng hangs; stop when
 * the trace is there. It is finished too when the process ends, however it does. -EBUSY when one was started
 * already, -ENOENT when there is no LTTng or no `preflame` command beside the library, -ENOTEMPTY and what
 * else the file system says, -EIO or -ETIMEDOUT when LTTng fails, of which the log tells more, -ENOTSUP in a
 * child whose making LTTng was not told of; -ENOENT from stop when none was started so. Not in signal
 * handlers, nor in a constructor. */
static inline int preflame_trace_start(const char *path)
{
    return PREFLAME_CALL_(trace_start, path);
}

static inline int preflame_trace_stop(void)
{
    return PREFLAME_CALL_(trace_stop);
}

/* Has the flight recorders that keep what this process does (`preflame record --flight`) write what they keep
 * now, each into a new folder below its own, and returns when it is there. -ENOENT when there is none, or no
 * `preflame` command beside the library, -EIO or -ETIMEDOUT when LTTng fails. Not in signal handlers: what a
 * crash leaves is written without being asked for. */
static inline int preflame_trace_dump(void)
{
    return PREFLAME_CALL_(trace_dump);
}

/* What follows is written into traces, as Go's package runtime/trace does; while none runs it costs a call
 * and a few loads. -EINVAL where a text is NULL. Texts of more than some kilobytes may be lost, and are
 * counted then.
 *
 * A task is a piece of work, such as a request, that may go through several threads: it ends in any of them.
 * `parent`: the task that it is part of, or 0. *ret_task is never 0, and set only with PREFLAME_OK: begin
 * with a 0 there, which is no task everywhere below. */
static inline int preflame_task_begin(const char *name, uint64_t parent, uint64_t *ret_task)
{
    return PREFLAME_CALL_(task_begin, name, parent, ret_task);
}

static inline int preflame_task_end(uint64_t task)
{
    return PREFLAME_CALL_(task_end, task);
}

/* What this thread does, for a task or for none (0). Regions of a thread lie within each other; one that is
 * still open when one around it ends, ends with that. */
static inline int preflame_region_begin(uint64_t task, const char *name)
{
    return PREFLAME_CALL_(region_begin, task, name);
}

static inline int preflame_region_end(uint64_t task, const char *name)
{
    return PREFLAME_CALL_(region_end, task, name);
}

/* A message at this moment. `category` groups messages: "request", "cache". */
static inline int preflame_log(uint64_t task, const char *category, const char *message)
{
    return PREFLAME_CALL_(log, task, category, message);
}

/* How much there is of something, from now on: the length of a queue, open connections. */
static inline int preflame_counter(const char *name, double value)
{
    return PREFLAME_CALL_(counter, name, value);
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

/* A task for the life of a scope: `preflame::task job{"request"};`, and `job.number()` for its parts. */
class task
{
  public:
    explicit task(const char *name, uint64_t parent = 0)
    {
        preflame_task_begin(name, parent, &number_);
    }
    ~task()
    {
        if (number_)
            preflame_task_end(number_);
    }
    task(const task &) = delete;
    task &operator=(const task &) = delete;
    uint64_t number() const
    {
        return number_;
    }

  private:
    uint64_t number_ = 0;
};

/* A region for the life of a scope: `preflame::region parse{"parse", job.number()};`. */
class region
{
  public:
    explicit region(const char *name, uint64_t task = 0) : name_(name), task_(task)
    {
        preflame_region_begin(task_, name_);
    }
    ~region()
    {
        preflame_region_end(task_, name_);
    }
    region(const region &) = delete;
    region &operator=(const region &) = delete;

  private:
    const char *name_;
    uint64_t task_;
};

} // namespace preflame
#endif

#endif
