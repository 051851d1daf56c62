/* pthread_create and thrd_create: every thread starts in our trampoline, which makes it known and sees it
 * end. */
#include "hooks/threads.h"

#include "capture/memory.h"
#include "hooks/call.h"
#include "hooks/creation_gate.h"
#include "hooks/forks.h"
#include "hooks/inside.h"
#include "hooks/reals.h"
#include "hooks/signals.h"
#include "hooks/single.h"
#include "hooks/vfork.h"

static void *trampoline(void *argument)
{
    struct thread_slot *slot = argument;
    void *(*start)(void *) = slot->start;
    void *start_argument = slot->start_argument;
    void *result;
    thread_began(slot);
    pthread_cleanup_push(thread_ended, slot);
    result = start(start_argument);
    pthread_cleanup_pop(1);
    return result;
}

static int trampoline_c11(void *argument)
{
    struct thread_slot *slot = argument;
    int (*start)(void *) = slot->start_c11;
    void *start_argument = slot->start_argument;
    int result;
    thread_began(slot);
    pthread_cleanup_push(thread_ended, slot);
    result = start(start_argument);
    pthread_cleanup_pop(1);
    return result;
}

static size_t stack_size_of(const pthread_attr_t *attributes)
{
    size_t size = 0;
    if (attributes && pthread_attr_getstacksize(attributes, &size) == 0 && size)
        return size;
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit(RLIMIT_STACK, &limit);
    return limit.rlim_cur == RLIM_INFINITY ? (size_t)8 << 20 : (size_t)limit.rlim_cur;
}

/* A slot for a thread about to be created, or NULL: then it runs without being known. */
static struct thread_slot *slot_for_child(const pthread_attr_t *attributes)
{
    if (!capture.threads)
        return NULL;
    forks_meet_copy();
    struct thread_slot *slot = thread_slot_take(capture.threads);
    if (!slot)
        return NULL;
    slot->is_internal = thread_self.is_internal || thread_self.guard;
    if (!slot->is_internal)
        single_no_more();
    slot->parent_tid = thread_self.tid;
    slot->stack_low = stack_size_of(attributes);
    if (!slot->is_internal)
        thread_expected(1);
    return slot;
}

static void child_failed(struct thread_slot *slot)
{
    if (!slot->is_internal)
        thread_expected(-1);
    thread_slot_leave(capture.threads, slot);
}

/* The id of a thread just made, whose slot we hold. Where libc put it may be freed by the thread as soon as
 * it runs; and it says its id before that. */
static uint64_t id_of_child(const pthread_t *thread, const struct thread_slot *slot)
{
    uint64_t there = 0;
    uint64_t told = atomic_load_explicit(&slot->pthread, memory_order_acquire);
    if (told)
        return told;
    bool is_there = memory_read((uint64_t)(uintptr_t)thread, &there, sizeof(there));
    told = atomic_load_explicit(&slot->pthread, memory_order_acquire);
    return told ? told : is_there ? there : 0;
}

/* The profile `threadcreate`: always counted, since a thread costs far more than its stack. */
static void count_created(bool is_created)
{
    if (!is_created || thread_self.is_internal || thread_self.guard || process_is_foreign())
        return;
    int error = errno;
    thread_self.guard++;
    struct bucket_key key = {
        .kind = BUCKET_THREADCREATE, .stack = capture_here(), .labels = thread_self.labels};
    struct bucket *bucket = bucket_of(capture.buckets, &key);
    if (bucket)
        bucket_add(bucket, 0, 1);
    thread_self.guard--;
    errno = error;
}

static void thread_created(bool is_created)
{
    /* glibc takes our signal back with a process' first thread; Go's runtime is there from its second on. */
    if (hooks_are_sampled())
        (void)signals_keep_sampler();
    count_created(is_created);
}

static void tell_created(const pthread_t *thread, const struct thread_slot *slot, uint64_t entry, int result)
{
    const struct sink *sink = hooks_are_traced() ? call_sink() : NULL;
    if (!sink)
        return;
    int error = errno;
    struct inside inside;
    inside_begin(&inside);
    uint64_t id = result ? 0 : id_of_child(thread, slot);
    uint32_t stack = capture_here();
    capture_send_stack(sink, stack);
    sink->thread_create(id, entry, result, stack);
    inside_end(&inside);
    errno = error;
}
static int create_with_libc(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                            void *argument)
{
    creation_gate_begin();
    int result = real_pthread_create(thread, attributes, start, argument);
    creation_gate_end();
    return result;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument)
{
    struct thread_slot *slot = slot_for_child(attributes);
    if (!slot)
        return create_with_libc(thread, attributes, start, argument);
    slot->start = start;
    slot->start_argument = argument;
    thread_slot_hold(slot);
    int result = create_with_libc(thread, attributes, trampoline, slot);
    if (result)
        child_failed(slot);
    thread_created(!result);
    tell_created(thread, slot, (uint64_t)(uintptr_t)start, result);
    thread_slot_leave(capture.threads, slot);
    return result;
}

EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
    struct thread_slot *slot = slot_for_child(NULL);
    if (!slot)
        return real_thrd_create(thread, start, argument);
    slot->start_c11 = start;
    slot->start_argument = argument;
    thread_slot_hold(slot);
    creation_gate_begin();
    int result = real_thrd_create(thread, trampoline_c11, slot);
    creation_gate_end();
    if (result != thrd_success)
        child_failed(slot);
    thread_created(result == thrd_success);
    tell_created(thread, slot, (uint64_t)(uintptr_t)start, result);
    thread_slot_leave(capture.threads, slot);
    return result;
}
