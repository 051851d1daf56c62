/* A preload for tests: counts calls of the malloc family made inside a handler of the sampling signal, and
 * reports them at exit. Load it behind libpreflame.so. */
#include "base/compiler.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#define SAMPLE_SIGNAL 33

/* glibc's own names for the four: no dlsym, which itself allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

EXPORT void *malloc(size_t size);
EXPORT void *calloc(size_t count, size_t size);
EXPORT void *realloc(void *block, size_t size);
EXPORT void free(void *block);

static atomic_ulong violations;
static atomic_uintptr_t first_caller;

/* The kernel's struct sigaction: its restorer is where a handler of the signal returns to. */
struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

struct search {
    uintptr_t restorer;
    int is_found;
};

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *arg)
{
    struct search *search = arg;
    search->is_found |= _Unwind_GetIP(context) == search->restorer;
    return search->is_found ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* The signal is blocked elsewhere too (in threads of preflame's own, around fork): only a handler's frame on
 * the stack tells. The mask is asked first because it is cheap. */
static int is_in_handler(void)
{
    uint64_t mask = 0;
    struct kernel_action action = {0};
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof mask) != 0 ||
        (mask & UINT64_C(1) << (SAMPLE_SIGNAL - 1)) == 0 ||
        syscall(SYS_rt_sigaction, SAMPLE_SIGNAL, NULL, &action, sizeof action.mask) != 0 ||
        action.restorer == NULL) {
        return 0;
    }
    struct search search = {(uintptr_t)action.restorer, 0};
    _Unwind_Backtrace(on_frame, &search);
    return search.is_found;
}

static inline __attribute__((always_inline)) void check(void)
{
    if (UNLIKELY(is_in_handler())) {
        uintptr_t none = 0;
        atomic_fetch_add(&violations, 1);
        atomic_compare_exchange_strong(&first_caller, &none, (uintptr_t)__builtin_return_address(0));
    }
}

void *malloc(size_t size)
{
    check();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    check();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    check();
    return __libc_realloc(block, size);
}

void free(void *block)
{
    check();
    __libc_free(block);
}

__attribute__((destructor)) static void report(void)
{
    char line[96];
    int len = snprintf(line, sizeof line, "malloc_guard: violations=%lu first_caller=%#lx\n",
                       atomic_load(&violations), (unsigned long)atomic_load(&first_caller));
    syscall(SYS_write, 2, line, len);
}
