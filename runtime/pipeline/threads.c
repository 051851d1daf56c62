/* The kernel's list of threads, joined with their slots. */
#include "pipeline/threads.h"

#include "base/clock.h"
#include "base/wait.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 65536
#define ANSWER_NS INT64_C(100000000)
#define LOOK_NS 200000

struct look {
    const struct thread_source *source;
    struct thread_view *views;
    struct thread_slot **slots; /* by view; NULL = unknown */
    uint32_t *questions;        /* by view; 0 = not asked */
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
        if (look->slots[i] && atomic_load_explicit(&look->slots[i]->pthread, memory_order_relaxed) == thread)
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
    if (!is_running && look->slots[i] && look->source->waiting(look->slots[i], &wait, &view->stack)) {
        view->is_waiting = true;
        view->object = wait.object;
        view->waited_ns = clock_mono_ns() - wait.since_ns;
        view->holder_tid = holder_of(look, wait.reason, wait.object);
        unsigned reason = is_descriptor(wait.reason) ? look_at_descriptor(view, wait.reason) : wait.reason;
        view->reason = reason;
        snprintf(view->state, sizeof(view->state), "%s", wait_reason_name(reason));
    } else if (is_running) {
        snprintf(view->state, sizeof(view->state), "running");
        look->questions[i] = look->slots[i] ? look->source->ask(look->slots[i]) : 0;
    } else {
        view_from_kernel(look, view);
    }
}

/* One look at every answer that is due. How many still are. */
static size_t gather(struct look *look)
{
    size_t due = 0;
    for (size_t i = 0; i < look->count; i++) {
        if (look->questions[i] &&
            look->source->answered(look->slots[i], look->questions[i], &look->views[i].stack))
            look->questions[i] = 0;
        due += look->questions[i] != 0;
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
        struct thread_slot **slots = realloc(look->slots, room * sizeof(*slots));
        look->slots = slots ? slots : look->slots;
        uint32_t *questions = realloc(look->questions, room * sizeof(*questions));
        look->questions = questions ? questions : look->questions;
        if (!views || !slots || !questions || room > THREADS_MAX)
            return -ENOMEM;
        look->room = room;
    }
    struct thread_view *view = &look->views[look->count];
    *view = (struct thread_view){.tid = tid, .waited_ns = -1};
    if (read_task(tid, "comm", view->name, sizeof(view->name)))
        view->name[strcspn(view->name, "\n")] = 0;
    look->slots[look->count] = slot;
    look->questions[look->count++] = 0;
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

int threads_view(const struct thread_source *source, struct thread_view **ret, size_t *ret_count)
{
    struct look look = {.source = source};
    int error = list(&look);
    for (size_t i = 0; i < look.count && !error; i++)
        look_at(&look, i);
    int64_t deadline_ns = clock_mono_ns() + ANSWER_NS;
    while (!error && gather(&look) && clock_mono_ns() < deadline_ns)
        nanosleep(&(const struct timespec){.tv_nsec = LOOK_NS}, NULL);
    free(look.slots);
    free(look.questions);
    if (error) {
        free(look.views);
        return error;
    }
    *ret = look.views;
    *ret_count = look.count;
    return 0;
}
