/* Each exported call jumps through a pointer: first to a stub that finds the real allocator, then to the real
 * call itself or, while the heap is sampled, to the half that counts. */
#include "hooks/allocations.h"

#include "capture/live.h"
#include "hooks/early_heap.h"
#include "hooks/withdraw.h"
#include "profilers/heap.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A row names all of its call's parameters; what stands in for an absent one needs few of them. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static bool early_is_used;

static void resolve(void);
static void resolve_all(void);
static void *early_block(size_t size);

static void *refuse(void)
{
    errno = ENOMEM;
    return NULL;
}

static size_t product(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes;
}

/* The block is about to be released. False: it isn't the real allocator's. */
static COLD bool release(const void *block)
{
    if (early_heap_has(block))
        return false;
    heap_freed(block);
    return true;
}

static void *move_early(void *block, size_t size)
{
    void *moved = size ? malloc(size) : NULL;
    size_t held = early_heap_size(block);
    if (moved)
        memcpy(moved, block, held < size ? held : size);
    return moved;
}

/* What a call needs: real_ (absent_ until found, and for ever where there is none), now_, and what it is one
 * of. */
#define CALL(ret, name, params, args, otherwise)                                                             \
    ret name params;                                                                                         \
    static COLD ret absent_##name params                                                                     \
    {                                                                                                        \
        otherwise;                                                                                           \
    }                                                                                                        \
    static ret early_##name params;                                                                          \
    static ret(*real_##name) params = absent_##name;                                                         \
    static ret(*now_##name) params = early_##name;                                                           \
    static ret export_##name params                                                                          \
    {                                                                                                        \
        return __atomic_load_n(&now_##name, __ATOMIC_RELAXED) args;                                          \
    }                                                                                                        \
    EXPORT ret name params __attribute__((alias("export_" #name)))

#define ALLOCATES_BY(find, name, params, args, bytes, absent)                                                \
    CALL(void *, name, params, args, return absent);                                                         \
    static COLD void *early_##name params                                                                    \
    {                                                                                                        \
        find();                                                                                              \
        return real_##name args;                                                                             \
    }                                                                                                        \
    static COLD void *recorded_##name params                                                                 \
    {                                                                                                        \
        bool is_taken = heap_takes(bytes);                                                                   \
        void *block = real_##name args;                                                                      \
        if (is_taken)                                                                                        \
            heap_allocated(block, bytes);                                                                    \
        return block;                                                                                        \
    }                                                                                                        \
    static void *counted_##name params                                                                       \
    {                                                                                                        \
        return LIKELY(heap_passes(bytes)) ? real_##name args : recorded_##name args;                         \
    }

/* The old block leaves the live set first: once the real call has released it, another thread may get it. */
#define MOVES(name, params, args, bytes, absent)                                                             \
    CALL(void *, name, params, args, return absent);                                                         \
    static COLD void *early_##name params                                                                    \
    {                                                                                                        \
        resolve();                                                                                           \
        return early_heap_has(block) ? move_early(block, bytes) : real_##name args;                          \
    }                                                                                                        \
    static COLD void *recorded_##name params                                                                 \
    {                                                                                                        \
        struct live_sample old;                                                                              \
        if (early_heap_has(block))                                                                           \
            return move_early(block, bytes);                                                                 \
        bool was_sampled = live_may_hold(block) && heap_lift(block, &old);                                   \
        bool is_taken = !heap_passes(bytes) && heap_takes(bytes);                                            \
        void *moved = real_##name args;                                                                      \
        if (was_sampled && !moved && (bytes)) /* it failed, and the old block stays */                       \
            heap_put_back(block, &old);                                                                      \
        else if (was_sampled)                                                                                \
            heap_drop(&old);                                                                                 \
        if (is_taken)                                                                                        \
            heap_allocated(moved, bytes);                                                                    \
        return moved;                                                                                        \
    }                                                                                                        \
    static void *counted_##name params                                                                       \
    {                                                                                                        \
        return LIKELY(!live_may_hold(block) && heap_passes(bytes)) ? real_##name args                        \
                                                                   : recorded_##name args;                   \
    }

#define RELEASES_BY(find, name, params, args, absent)                                                        \
    CALL(void, name, params, args, absent);                                                                  \
    static COLD void early_##name params                                                                     \
    {                                                                                                        \
        find();                                                                                              \
        if (!early_heap_has(block))                                                                          \
            real_##name args;                                                                                \
    }                                                                                                        \
    static void counted_##name params                                                                        \
    {                                                                                                        \
        if (LIKELY(!live_may_hold(block)) || release(block))                                                 \
            real_##name args;                                                                                \
    }
#define ALLOCATES(name, ...) ALLOCATES_BY(resolve, name, __VA_ARGS__)
#define RELEASES(name, ...) RELEASES_BY(resolve, name, __VA_ARGS__)
#define NEW(name, ...) ALLOCATES_BY(resolve_all, name, __VA_ARGS__)
#define DELETE(name, ...) RELEASES_BY(resolve_all, name, __VA_ARGS__)
#include "hooks/allocations.def"

RELEASES_BY(resolve_all, cfree, (void *block), (block), free(block))

/* --- the calls that no row fits --- */

CALL(int, posix_memalign, (void **block, size_t alignment, size_t size), (block, alignment, size),
     return ENOMEM);
static COLD int early_posix_memalign(void **block, size_t alignment, size_t size)
{
    resolve();
    return real_posix_memalign(block, alignment, size);
}

static COLD int recorded_posix_memalign(void **block, size_t alignment, size_t size)
{
    bool is_taken = heap_takes(size);
    int error = real_posix_memalign(block, alignment, size);
    if (!error && is_taken)
        heap_allocated(*block, size);
    return error;
}

static int counted_posix_memalign(void **block, size_t alignment, size_t size)
{
    return LIKELY(heap_passes(size)) ? real_posix_memalign(block, alignment, size)
                                     : recorded_posix_memalign(block, alignment, size);
}

CALL(size_t, malloc_usable_size, (void *block), (block),
     return early_heap_has(block) ? early_heap_size(block) : 0);
static size_t counted_malloc_usable_size(void *block)
{
    return live_may_hold(block) && early_heap_has(block) ? early_heap_size(block)
                                                         : real_malloc_usable_size(block);
}

static COLD size_t early_malloc_usable_size(void *block)
{
    resolve();
    return counted_malloc_usable_size(block);
}

/* --- which half is called --- */

/* IS_QUESTION: asks of a block, and counts nothing. */
enum role { IS_ALLOCATION, IS_MOVE, IS_RELEASE, IS_NEW, IS_DELETE, IS_QUESTION, IS_OTHER };

struct row {
    const char *symbol, *version;
    enum role role;
    void **real, **now;
    void *absent, *early, *counted, *exported;
};

#define VOID(function) ((void *)(uintptr_t)(function))
#define ROW(name, version, role)                                                                             \
    {#name,                                                                                                  \
     version,                                                                                                \
     role,                                                                                                   \
     (void **)(void *)&real_##name,                                                                          \
     (void **)(void *)&now_##name,                                                                           \
     VOID(absent_##name),                                                                                    \
     VOID(early_##name),                                                                                     \
     VOID(counted_##name),                                                                                   \
     VOID(export_##name)},

/* malloc stands first, and is found first: looking for others may allocate. */
static const struct row rows[] = {
#define ALLOCATES(name, params, args, bytes, absent) ROW(name, NULL, IS_ALLOCATION)
#define RELEASES(name, params, args, absent) ROW(name, NULL, IS_RELEASE)
#define MOVES(name, params, args, bytes, absent) ROW(name, NULL, IS_MOVE)
#define NEW(name, params, args, bytes, absent) ROW(name, NULL, IS_NEW)
#define DELETE(name, params, args, absent) ROW(name, NULL, IS_DELETE)
#include "hooks/allocations.def"
    /* clang-format off */
    ROW(posix_memalign, NULL, IS_OTHER)
    ROW(malloc_usable_size, NULL, IS_QUESTION)
    ROW(cfree, "GLIBC_2.2.5", IS_RELEASE)
    /* clang-format on */
};

static void call(const struct row *row, void *half)
{
    __atomic_store_n(row->now, half, __ATOMIC_RELEASE);
}

static bool is_operator(const struct row *row)
{
    return row->role == IS_NEW || row->role == IS_DELETE;
}

/* All but the operators. Questions only where blocks of ours are about: jemalloc's users ask several times a
 * request. */
static void call_all(bool counted)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool is_ours = counted && (rows[i].role != IS_QUESTION || early_is_used);
        if (!is_operator(&rows[i]))
            call(&rows[i], is_ours ? rows[i].counted : *rows[i].real);
    }
}

/* Whoever takes a block may be given this one: they look from now on. */
static void *early_block(size_t size)
{
    void *block = early_heap_take(size);
    early_is_used = early_is_used || block;
    call_all(true);
    return block;
}

/* Racing resolvers store the same values. */
static void find(const struct row *row)
{
    void *found = row->version ? dlvsym(RTLD_NEXT, row->symbol, row->version) : dlsym(RTLD_NEXT, row->symbol);
    void *early = row->early;
    if (found)
        __atomic_store_n(row->real, found, __ATOMIC_RELEASE);
    /* Whatever else is called by now stays. */
    __atomic_compare_exchange_n(row->now, &early, *row->real, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static void find_rows(bool operators)
{
    if (thread_self.is_resolving)
        return;
    int error = errno;
    thread_self.is_resolving = true;
    atomic_signal_fence(memory_order_seq_cst); /* dlsym is declared as if it never called back */
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (is_operator(&rows[i]) == operators)
            find(&rows[i]);
    }
    atomic_signal_fence(memory_order_seq_cst);
    thread_self.is_resolving = false;
    errno = error;
}

static void resolve(void)
{
    static atomic_bool is_done;
    if (atomic_load_explicit(&is_done, memory_order_acquire))
        return;
    find_rows(false);
    atomic_store_explicit(&is_done, true, memory_order_release);
}

static void resolve_all(void)
{
    resolve();
    find_rows(true);
}

void allocations_resolve(void)
{
    resolve_all();
    (void)dlerror(); /* what wasn't found isn't the program's error */
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (is_operator(&rows[i]) && *rows[i].real == rows[i].absent)
            withdraw(rows[i].exported);
    }
}

static const void *object_of(const void *function)
{
    Dl_info info;
    return dladdr(function, &info) ? info.dli_fbase : NULL;
}

typedef void *(*allocate_fn)(size_t, size_t, size_t);

#define TRIED_BYTES 64 /* a good alignment too */

/* By the name, through the linkage table. */
static void *call_malloc(size_t size)
{
    void *block = malloc(size);
    return block;
}

/* Does this call, or one behind it, count? Tried, since no table could know. */
static bool counts(allocate_fn allocate, bool is_move, void **ret_block)
{
    const uint64_t plenty = UINT64_C(1) << 32;
    thread_self.heap_left = plenty;
    *ret_block = is_move ? allocate(0, TRIED_BYTES, 1) : allocate(TRIED_BYTES, TRIED_BYTES, TRIED_BYTES);
    bool is_counted = thread_self.heap_left != plenty;
    thread_self.heap_left = 0;
    return is_counted;
}

/* Does a call of the allocator's enter another of ours on its way? libc's reallocarray does, and jemalloc's
 * aligned operators do. */
static bool counts_behind(const struct row *row)
{
    void *block;
    bool is_counted = counts((allocate_fn)(uintptr_t)*row->real, row->role == IS_MOVE, &block);
    if (row->role != IS_NEW) /* its own release is another operator: the block stays */
        real_free(block);
    return is_counted;
}

/* As the program's calls of malloc are bound, which its address doesn't tell: in an executable that isn't
 * position-independent it may be that of the executable's own way to call it. */
static bool program_calls_ours(void)
{
    void *block;
    bool is_counted = counts((allocate_fn)(uintptr_t)call_malloc, false, &block);
    free(block);
    return is_counted;
}

bool allocations_start(void)
{
    const void *allocator = object_of(VOID(real_malloc));
    bool has_operators = false, is_ours;
    call_all(true);
    is_ours = program_calls_ours();
    for (size_t i = 0; is_ours && i < ARRAY_SIZE(rows); i++) {
        const struct row *row = &rows[i];
        if (row->role != IS_ALLOCATION && row->role != IS_MOVE && row->role != IS_NEW)
            continue;
        bool is_last = object_of(*row->real) == allocator ? !counts_behind(row) : row->role == IS_ALLOCATION;
        call(row, is_last ? row->counted : *row->real);
        has_operators |= is_last && row->role == IS_NEW;
    }
    for (size_t i = 0; has_operators && i < ARRAY_SIZE(rows); i++) {
        if (rows[i].role == IS_DELETE)
            call(&rows[i], rows[i].counted);
    }
    if (!is_ours && !early_is_used)
        call_all(false);
    return is_ours;
}

const char *allocations_bypass(void)
{
    Dl_info info;
    void *called = dlsym(RTLD_DEFAULT, "malloc");
    return called && dladdr(called, &info) ? info.dli_fname : "another library";
}
