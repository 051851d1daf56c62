/* Pairs are noted where they are made, by number, and looked at again by inode where they are used: numbers
 * may have come to mean something else in ways that no hook sees. */
#include "hooks/ends.h"

#include "base/compiler.h"
#include "capture/memory.h"
#include "capture/others.h"
#include "hooks/call.h"
#include "hooks/inside.h"
#include "hooks/reals.h"
#include "hooks/single.h"
#include "hooks/vfork.h"

#include <sys/eventfd.h>
#include <sys/stat.h>

#define ENDS 4096     /* descriptors from there on are not known */
#define POLLED_MAX 32 /* so many of a poll's descriptors are noted */

/* One descriptor, by its number. The numbers in it are one higher, 0 = none. */
struct end {
    _Atomic uint32_t reader; /* where what is written here can be read */
    _Atomic uint32_t inode;  /* as it was when the pair was made */
    _Atomic uint32_t epoll;  /* the last one that was told to watch it */
    _Atomic uint64_t polled; /* the array of the last poll of it */
};

static struct end ends[ENDS];

static struct end *end_of(uint64_t fd)
{
    return fd < ENDS ? &ends[fd] : NULL;
}

/* Threads of ours have descriptor tables of their own. */
static bool is_programs(void)
{
    return call_is_watched() && !process_is_sealed();
}

static uint32_t inode_of(int fd, unsigned *ret_mode)
{
    struct stat status;
    int error = errno;
    bool is_there = fstat(fd, &status) == 0;
    errno = error;
    *ret_mode = is_there ? status.st_mode : 0;
    return is_there ? (uint32_t)status.st_ino : 0;
}

/* What is written to one of two new descriptors can be read from the other. */
static void made(int writer, int reader)
{
    struct end *from = end_of((unsigned)writer), *to = end_of((unsigned)reader);
    unsigned mode;
    if (!from || !to || !is_programs())
        return;
    atomic_store_explicit(&to->inode, inode_of(reader, &mode), memory_order_relaxed);
    atomic_store_explicit(&from->inode, inode_of(writer, &mode), memory_order_relaxed);
    /* Release: who sees the pair sees its inodes. */
    atomic_store_explicit(&from->reader, (uint32_t)reader + 1, memory_order_release);
}

EXPORT int pipe(int both[2])
{
    int result = real_pipe(both);
    if (result == 0)
        made(both[1], both[0]);
    return result;
}

EXPORT int pipe2(int both[2], int flags)
{
    int result = real_pipe2(both, flags);
    if (result == 0)
        made(both[1], both[0]);
    return result;
}

EXPORT int socketpair(int domain, int type, int protocol, int both[2])
{
    int result = real_socketpair(domain, type, protocol, both);
    if (result == 0) {
        made(both[0], both[1]);
        made(both[1], both[0]);
    }
    return result;
}

EXPORT int eventfd(unsigned count, int flags)
{
    int fd = real_eventfd(count, flags);
    if (fd >= 0)
        made(fd, fd);
    return fd;
}

EXPORT int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    struct end *end = operation == EPOLL_CTL_ADD ? end_of((unsigned)fd) : NULL;
    if (end && is_programs())
        atomic_store_explicit(&end->epoll, (uint32_t)epoll + 1, memory_order_relaxed);
    return real_epoll_ctl(epoll, operation, fd, event);
}

uint64_t ends_polled(const struct pollfd *fds, nfds_t count)
{
    struct pollfd copy[POLLED_MAX];
    size_t known = count < POLLED_MAX ? count : POLLED_MAX;
    if (!hooks_are_traced() || !known || single_thread() || !is_programs())
        return (uintptr_t)fds;
    int error = errno;
    if (memory_read((uintptr_t)fds, copy, known * sizeof(*copy))) {
        for (size_t i = 0; i < known; i++) {
            struct end *end = end_of((unsigned)copy[i].fd);
            if (end)
                atomic_store_explicit(&end->polled, (uintptr_t)fds, memory_order_relaxed);
        }
    }
    errno = error;
    return (uintptr_t)fds;
}

/* Something that threads may wait for: a descriptor that is read, one of epoll, or an array of poll's. */
struct awaited {
    uint64_t object;
    bool is_read;
    uint32_t waiters, number; /* how many; the number of the last one's wait */
    struct thread_slot *slot; /* the last one's */
};

static bool is_waited_for(const struct awaited *awaited, const struct wait_state *wait)
{
    bool reads = wait->reason == WAIT_READS || wait->reason == WAIT_NET_READ;
    return wait->object == awaited->object &&
           (awaited->is_read ? reads : awaited->object && wait->reason == WAIT_POLL);
}

static void look(struct awaited *awaited, size_t count)
{
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        struct wait_state wait;
        uint32_t number = slot == thread_self.slot ? 0 : others_wait(slot, &wait);
        for (size_t at = 0; number && at < count; at++) {
            if (is_waited_for(&awaited[at], &wait)) {
                awaited[at].waiters++;
                awaited[at].number = number;
                awaited[at].slot = slot;
            }
        }
    }
}

/* The first write ends a wait. Of several waiters each ends one, and nobody knows whose. */
static bool is_first(const struct awaited *awaited)
{
    return awaited->waiters > 1 ||
           (awaited->waiters && atomic_exchange_explicit(&awaited->slot->wait.woken, awaited->number,
                                                         memory_order_relaxed) != awaited->number);
}

static void tell(const struct sink *sink, const struct awaited *awaited, unsigned mode)
{
    struct inside inside;
    inside_begin(&inside);
    uint32_t stack = capture_here();
    capture_send_stack(sink, stack);
    sink->wake((uint8_t)(awaited->is_read ? wait_reason_by_mode(WAIT_READS, mode) : (unsigned)WAIT_POLL),
               awaited->object, awaited->waiters, stack);
    inside_end(&inside);
}

static COLD void tell_waiters(const struct sink *sink, int writer, int reader)
{
    struct end *to = &ends[reader];
    unsigned mode;
    struct awaited awaited[] = {
        {.object = (uint64_t)reader, .is_read = true},
        {.object = (uint64_t)atomic_load_explicit(&to->epoll, memory_order_relaxed) - 1},
        {.object = atomic_load_explicit(&to->polled, memory_order_relaxed)},
    };
    look(awaited, ARRAY_SIZE(awaited));
    if (!awaited[0].waiters && !awaited[1].waiters && !awaited[2].waiters)
        return;
    if (inode_of(writer, &mode) != atomic_load_explicit(&ends[writer].inode, memory_order_relaxed) ||
        inode_of(reader, &mode) != atomic_load_explicit(&to->inode, memory_order_relaxed))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(awaited); i++) {
        if (is_first(&awaited[i]))
            tell(sink, &awaited[i], mode);
    }
}

void ends_written(const struct sink *sink, uint64_t fd)
{
    const struct end *end = end_of(fd);
    /* Acquire: the pair's inodes come with it. */
    uint32_t reader = end ? atomic_load_explicit(&end->reader, memory_order_acquire) : 0;
    if (UNLIKELY(reader) && !single_thread())
        tell_waiters(sink, (int)fd, (int)reader - 1);
}
