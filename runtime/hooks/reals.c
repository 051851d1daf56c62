/* Resolving the real functions: once, from two lists, never in a hot path. */
#include "hooks/reals.h"

#include "base/compiler.h"

#include <stdatomic.h>

static atomic_bool is_resolved;

static int missing(void)
{
    errno = ENOSYS;
    return -1;
}

#define CALL(ret, name, params, args, number, reason, object, kind, timeout, again)                          \
    static ret early_##name params;                                                                          \
    ret(*real_##name) params = early_##name;                                                                 \
    static COLD ret early_##name params                                                                      \
    {                                                                                                        \
        reals_resolve();                                                                                     \
        return real_##name == early_##name ? (ret)missing() : real_##name args;                              \
    }
#include "hooks/calls.def"
#undef CALL
#define REAL(ret, name, params, args, absent, version, symbol)                                               \
    static ret early_##name params;                                                                          \
    ret(*real_##name) params = early_##name;                                                                 \
    static COLD ret early_##name params                                                                      \
    {                                                                                                        \
        reals_resolve();                                                                                     \
        return real_##name == early_##name ? (ret)(absent) : real_##name args;                               \
    }
#include "hooks/irregular.def"
#undef REAL
/* A libc without one of these is none: what they return then is not looked at. */
#define STREAM_CALL(ret, name, params, args, stream)                                                         \
    static ret early_##name params;                                                                          \
    ret(*real_##name) params = early_##name;                                                                 \
    static COLD ret early_##name params                                                                      \
    {                                                                                                        \
        reals_resolve();                                                                                     \
        return real_##name == early_##name ? (ret)0 : real_##name args;                                      \
    }
#include "hooks/stdio.def"
#undef STREAM_CALL

void *real_dlopen, *real_dlmopen, *real_vfork;
void *real_longjmp, *real__longjmp, *real_siglongjmp, *real_setjmp, *real__setjmp, *real___sigsetjmp,
    *real___longjmp_chk;
HOT_DATA long (*real_syscall)(long number, ...) = NULL;
void *real_pthread_exit, *real_thrd_exit, *real__exit, *real__Exit, *real_quick_exit, *real_exit, *real_abort;

struct row {
    const char *symbol;
    const char *version;
    void **real;
};

static const struct row rows[] = {
#define CALL(ret, name, params, args, number, reason, object, kind, timeout, again)                          \
    {#name, NULL, (void **)(void *)&real_##name},
#include "hooks/calls.def"
#undef CALL
#define REAL(ret, name, params, args, absent, version, symbol)                                               \
    {#symbol, version, (void **)(void *)&real_##name},
#include "hooks/irregular.def"
#undef REAL
#define STREAM_CALL(ret, name, params, args, stream) {#name, NULL, (void **)(void *)&real_##name},
#include "hooks/stdio.def"
#undef STREAM_CALL
    {"dlopen", NULL, &real_dlopen},
    {"dlmopen", NULL, &real_dlmopen},
    {"vfork", NULL, &real_vfork},
    {"pthread_exit", NULL, &real_pthread_exit},
    {"thrd_exit", NULL, &real_thrd_exit},
    {"_exit", NULL, &real__exit},
    {"_Exit", NULL, &real__Exit},
    {"quick_exit", NULL, &real_quick_exit},
    {"exit", NULL, &real_exit},
    {"abort", NULL, &real_abort},
    {"longjmp", NULL, &real_longjmp},
    {"_longjmp", NULL, &real__longjmp},
    {"siglongjmp", NULL, &real_siglongjmp},
    {"__longjmp_chk", NULL, &real___longjmp_chk},
    {"setjmp", NULL, &real_setjmp},
    {"_setjmp", NULL, &real__setjmp},
    {"__sigsetjmp", NULL, &real___sigsetjmp},
    {"syscall", NULL, (void **)(void *)&real_syscall},
};

void reals_resolve(void)
{
    if (atomic_load_explicit(&is_resolved, memory_order_acquire))
        return;
    int error = errno;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        void *found = rows[i].version ? dlvsym(RTLD_NEXT, rows[i].symbol, rows[i].version)
                                      : dlsym(RTLD_NEXT, rows[i].symbol);
        /* Racing resolvers store the same value. */
        if (found)
            __atomic_store_n(rows[i].real, found, __ATOMIC_RELEASE);
    }
    errno = error;
    atomic_store_explicit(&is_resolved, true, memory_order_release);
}
