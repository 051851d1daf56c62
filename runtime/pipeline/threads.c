/* The kernel's list of threads, joined with their slots. */
#include "pipeline/threads.h"

#include "base/clock.h"
#include "base/wait.h"
#include "pipeline/locks.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 65536
#define ANSWER_NS INT64_C(100000000)
#define LOOK_NS 200000

/* Protects HOOK_ASK: running threads are asked for one reader at a time. */
static struct lock ask_lock = LOCK_INITIALIZER(ASK);

/* What views don't tell of a thread. */
struct subject {
    struct thread_slot *slot; /* NULL = unknown */
    uint32_t question;        /* 0 = not asked */
    int64_t cpu_ns;           /* its CPU time when hooks began to watch */
};

struct look {
    const struct thread_source *source;
    struct thread_view *views;
    struct subject *subjects; /* by view */
    size_t running;           /* threads to ask */
    size_t count, room;
};

static bool read_task(int32_t tid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t len = fread(text, 1, size - 1, file);
    fclose(file);
    text[len] = 0;
    return len > 0;
}

/* The state letter of /proc/PID/task/TID/stat, behind the name in parentheses. */
static char kernel_state(int32_t tid)
{
    char text[512];
    if (!read_task(tid, "stat", text, sizeof(text)))
        return 0;
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' ? end[2] : 0;
}

/* A word of the program's memory that may be gone. */
static bool read_word(uint64_t address, void *to, size_t size)
{
    struct iovec local = {.iov_base = to, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static int32_t tid_of_thread(const struct look *look, uint64_t thread)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->subjects[i].slot &&
            atomic_load_explicit(&look->subjects[i].slot->pthread, memory_order_relaxed) == thread)
            return look->views[i].tid;
    }
    return 0;
}

/* Who must do something for the wait to end, where that is one thread: glibc keeps owners in its locks. */
static int32_t holder_of(const struct look *look, unsigned reason, uint64_t object)
{
    int32_t owner = 0;
    switch (reason) {
    case WAIT_MUTEX:
        read_word(object + offsetof(pthread_mutex_t, __data.__owner), &owner, sizeof(owner));
        return owner;
    case WAIT_RWLOCK_RD:
    case WAIT_RWLOCK_WR:
        read_word(object + offsetof(pthread_rwlock_t, __data.__cur_writer), &owner, sizeof(owner));
        return owner;
    case WAIT_JOIN:
        return tid_of_thread(look, object);
    default:
        return 0;
    }
}

/* A thread in a system call that no hook has told of: where it entered the kernel. */
static void view_from_kernel(const struct look *look, struct thread_view *view)
{
    char text[256];
    unsigned long number, sp, pc;
    snprintf(view->state, sizeof(view->state), "sleeping");
    view->is_waiting = true;
    if (!read_task(view->tid, "syscall", text, sizeof(text)) ||
        sscanf(text, "%lu %*x %*x %*x %*x %*x %*x %lx %lx", &number, &sp, &pc) != 3)
        return;
    snprintf(view->state, sizeof(view->state), "syscall");
    view->object = number;
    view->stack = look->source->stack(&(const struct place){.pc = pc + 1, .sp = sp});
}

/* Is what these waits wait for a descriptor? */
static bool is_descriptor(unsigned reason)
{
    switch (reason) {
    case WAIT_READS:
    case WAIT_WRITES:
    case WAIT_NET_READ:
    case WAIT_NET_WRITE:
    case WAIT_ACCEPT:
    case WAIT_CONNECT:
    case WAIT_FSYNC:
    case WAIT_FLOCK:
        return true;
    default:
        return false;
    }
}

/* By way of the thread's own folder: the caller's descriptors are others. */
static unsigned look_at_descriptor(struct thread_view *view, unsigned reason)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d", (int)view->tid, (int)view->object);
    ssize_t len = readlink(path, view->target, sizeof(view->target) - 1);
    view->target[len > 0 ? len : 0] = 0;
    return wait_reason_by_mode(reason, stat(path, &status) == 0 ? status.st_mode : 0);
}

static void look_at(struct look *look, size_t i)
{
    struct thread_view *view = &look->views[i];
    struct wait_state wait;
    char state = kernel_state(view->tid);
    bool is_running = state == 'R' || !state;
    if (!is_running && look->subjects[i].slot &&
        look->source->waiting(look->subjects[i].slot, &wait, &view->stack)) {
        view->is_waiting = true;
        view->object = wait.object;
        view->waited_ns = clock_mono_ns() - wait.since_ns;
        view->holder_tid = holder_of(look, wait.reason, wait.object);
        unsigned reason = is_descriptor(wait.reason) ? look_at_descriptor(view, wait.reason) : wait.reason;
        view->reason = reason;
        snprintf(view->state, sizeof(view->state), "%s", wait_reason_name(reason));
    } else if (is_running) {
        snprintf(view->state, sizeof(view->state), "running");
        look->running += look->subjects[i].slot && look->source->ask;
    } else {
        view_from_kernel(look, view);
    }
}

static void pause_ns(long ns)
{
    nanosleep(&(const struct timespec){.tv_nsec = ns}, NULL);
}

/* One look at every answer that is due. How many still are. */
static size_t gather(struct look *look)
{
    size_t due = 0;
    for (size_t i = 0; i < look->count; i++) {
        if (look->subjects[i].question &&
            look->source->answered(look->subjects[i].slot, look->subjects[i].question, &look->views[i].stack))
            look->subjects[i].question = 0;
        due += look->subjects[i].question != 0;
    }
    return due;
}

static int add(struct look *look, int32_t tid)
{
    struct thread_slot *slot = thread_slot_find(look->source->state->threads, tid);
    if (slot && slot->is_internal)
        return 0;
    if (look->count == look->room) {
        size_t room = look->room ? look->room * 2 : 64;
        struct thread_view *views = realloc(look->views, room * sizeof(*views));
        look->views = views ? views : look->views;
        struct subject *subjects = realloc(look->subjects, room * sizeof(*subjects));
        look->subjects = subjects ? subjects : look->subjects;
        if (!views || !subjects || room > THREADS_MAX)
            return -ENOMEM;
        look->room = room;
    }
    struct thread_view *view = &look->views[look->count];
    *view = (struct thread_view){.tid = tid, .waited_ns = -1};
    if (read_task(tid, "comm", view->name, sizeof(view->name)))
        view->name[strcspn(view->name, "\n")] = 0;
    look->subjects[look->count++] = (struct subject){.slot = slot};
    return 0;
}

static int list(struct look *look)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return -errno;
    int error = 0;
    for (struct dirent *entry; !error && (entry = readdir(tasks));) {
        int32_t tid = (int32_t)strtol(entry->d_name, NULL, 10);
        if (tid > 0)
            error = add(look, tid);
    }
    closedir(tasks);
    return error;
}

/* May this thread be asked? Not if it is seen asleep meanwhile, nor before it has run for HOOK_ENTRY_NS: time
 * alone tells nothing of one that gets no CPU. */
static bool may_ask(struct look *look, size_t i, int64_t deadline_ns)
{
    const struct thread_view *view = &look->views[i];
    clockid_t clock = clock_of_thread(view->tid);
    if (view->tid == (int32_t)syscall(SYS_gettid))
        return true;
    while (clock_ns(clock) - look->subjects[i].cpu_ns < HOOK_ENTRY_NS) {
        look_at(look, i);
        if (view->is_waiting || clock_mono_ns() > deadline_ns)
            return false;
        pause_ns(LOOK_NS);
    }
    return true;
}

static bool is_asked(const struct look *look, size_t i)
{
    return !look->views[i].is_waiting && look->subjects[i].slot;
}

static void ask(struct look *look)
{
    int64_t deadline_ns = clock_mono_ns() + ANSWER_NS;
    for (size_t i = 0; i < look->count; i++) {
        if (is_asked(look, i) && may_ask(look, i, deadline_ns))
            look->subjects[i].question = look->source->ask(look->subjects[i].slot);
    }
    deadline_ns = clock_mono_ns() + ANSWER_NS;
    while (gather(look) && clock_mono_ns() < deadline_ns)
        pause_ns(LOOK_NS);
}

/* Our signal ends calls early: hooks watch for it from before the first question to after the last answer. */
static void ask_watched(struct look *look)
{
    _Atomic uint32_t *hooks_active = &look->source->state->hooks_active;
    lock_take(&ask_lock);
    atomic_fetch_or_explicit(hooks_active, HOOK_ASK, memory_order_seq_cst);
    for (size_t i = 0; i < look->count; i++) {
        if (is_asked(look, i))
            look->subjects[i].cpu_ns = clock_ns(clock_of_thread(look->views[i].tid));
    }
    ask(look);
    atomic_fetch_and_explicit(hooks_active, ~(uint32_t)HOOK_ASK, memory_order_release);
    lock_leave(&ask_lock);
}

void threads_view_after_fork_child(void)
{
    lock_renew(&ask_lock);
}

int threads_view(const struct thread_source *source, struct thread_view **ret, size_t *ret_count)
{
    struct look look = {.source = source};
    int error = list(&look);
    for (size_t i = 0; i < look.count && !error; i++)
        look_at(&look, i);
    if (!error && look.running)
        ask_watched(&look);
    free(look.subjects);
    if (error) {
        free(look.views);
        return error;
    }
    *ret = look.views;
    *ret_count = look.count;
    return 0;
}
