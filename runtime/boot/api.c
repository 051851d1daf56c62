/* The public API's half in the preload: labels are a thread's own, profiles are the engine's. */
#include "boot/api.h"

#include "capture/state.h"
#include "hooks/vfork.h"
#define PREFLAME_NO_FUNCTIONS /* they are here */
#include "preflame/preflame.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

int preflame_label_set(const char *key, const char *value);
int preflame_label_unset(const char *key);
int preflame_cpu_profile_start(const char *path);
int preflame_cpu_profile_stop(void);
int preflame_profile_write(const char *name, const char *path);
int preflame_trace_start(const char *path);
int preflame_trace_stop(void);
int preflame_trace_dump(void);
extern const struct preflame_api preflame_api_1;

const struct engine *api_engine;

void api_init(const struct engine *the_engine)
{
    api_engine = the_engine;
}

/* Keys of ours, and what pprof keeps for itself. */
static bool is_reserved(const char *key)
{
    static const char *const ours[] = {"thread", "tid", "bytes", "reason", "state", "syscall"};
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        if (strcmp(key, ours[i]) == 0)
            return true;
    }
    return strncmp(key, "pprof::", 7) == 0;
}

static int change(const char *key, const char *value)
{
    uint32_t next;
    if (!key || !key[0] || is_reserved(key))
        return -EINVAL;
    if (strlen(key) + (value ? strlen(value) : 0) + 2 > LABEL_SET_BYTES)
        return -E2BIG;
    if (!labels_with(capture.labels, thread_self.labels, key, value, &next))
        return -ENOSPC;
    thread_self.labels = next;
    return PREFLAME_OK;
}

static bool is_absent(void)
{
    return !api_engine || vfork_is_child();
}

/* Into the engine with the guard up, as in preload.c. */
#define ENGINE_CALL(call)                                                                                    \
    ({                                                                                                       \
        int error_before = errno, cancel;                                                                    \
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);                                             \
        thread_self.guard++;                                                                                 \
        int engine_result = api_engine->call;                                                                \
        thread_self.guard--;                                                                                 \
        pthread_setcancelstate(cancel, NULL);                                                                \
        errno = error_before;                                                                                \
        engine_result;                                                                                       \
    })

EXPORT int preflame_label_set(const char *key, const char *value)
{
    return is_absent() ? PREFLAME_ABSENT : value ? change(key, value) : -EINVAL;
}

EXPORT int preflame_label_unset(const char *key)
{
    return is_absent() ? PREFLAME_ABSENT : change(key, NULL);
}

EXPORT int preflame_cpu_profile_start(const char *path)
{
    return is_absent() ? PREFLAME_ABSENT : ENGINE_CALL(program_profile_start(path));
}

EXPORT int preflame_cpu_profile_stop(void)
{
    return is_absent() ? PREFLAME_ABSENT : ENGINE_CALL(program_profile_stop());
}

EXPORT int preflame_profile_write(const char *name, const char *path)
{
    return is_absent() ? PREFLAME_ABSENT : ENGINE_CALL(program_profile_write(name, path));
}

EXPORT int preflame_trace_start(const char *path)
{
    return is_absent() ? PREFLAME_ABSENT : ENGINE_CALL(program_trace_start(path));
}

EXPORT int preflame_trace_stop(void)
{
    return is_absent() ? PREFLAME_ABSENT : ENGINE_CALL(program_trace_stop());
}

EXPORT int preflame_trace_dump(void)
{
    return is_absent() ? PREFLAME_ABSENT : ENGINE_CALL(program_trace_dump());
}

EXPORT const struct preflame_api preflame_api_1 = {
    .size = sizeof(struct preflame_api),
    .label_set = preflame_label_set,
    .label_unset = preflame_label_unset,
    .cpu_profile_start = preflame_cpu_profile_start,
    .cpu_profile_stop = preflame_cpu_profile_stop,
    .profile_write = preflame_profile_write,
    .task_begin = preflame_task_begin,
    .task_end = preflame_task_end,
    .region_begin = preflame_region_begin,
    .region_end = preflame_region_end,
    .log = preflame_log,
    .counter = preflame_counter,
    .trace_start = preflame_trace_start,
    .trace_stop = preflame_trace_stop,
    .trace_dump = preflame_trace_dump,
};
