/* Where LTTng's descriptors lie: high and closed on exec, and known, so that the host's hooks can keep the
 * program from closing them.
 *
 * LTTng tells its own tracker of each descriptor that it opens, and goes on with the number that the tracker
 * returns. The loader finds the functions below before the tracker's, since this object is where the
 * search for what it loads begins; an LTTng that the program had loaded itself stays with the tracker's. */
#include "tracepoints/descriptors.h"

#include "base/compiler.h"
#include "tracepoints/own_symbol.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#define KNOWN (1 << 16)  /* descriptors that can be remembered */
#define LOWEST_HIGH 1024 /* beyond what select() takes */

/* Bit by descriptor. Written under LTTng's tracker lock, read by anybody. */
static _Atomic uint64_t own[KNOWN / 64];
static _Atomic unsigned own_low = UINT_MAX; /* no descriptor of ours was ever lower */

/* The thread that holds LTTng's tracker lock, and how often: what it closes is LTTng's to close. */
static _Atomic int32_t holder;
static unsigned held;

/* The functions behind ours. */
static _Atomic(void *) real_add, real_delete, real_lock, real_unlock;

/* Of the tracker's library: its address leads to the others. */
extern int lttng_ust_safe_close_fd(int fd, int (*close_it)(int)) __attribute__((weak));

/* Not dlsym: LTTng's own threads come here while the thread that loads them holds the loader's lock and waits
 * for them. */
static void *real(_Atomic(void *) *cache, const char *name)
{
    void *found = atomic_load_explicit(cache, memory_order_relaxed);
    if (!found && lttng_ust_safe_close_fd) {
        found = own_symbol(name, (void *)(uintptr_t)lttng_ust_safe_close_fd);
        atomic_store_explicit(cache, found, memory_order_relaxed);
    }
    return found;
}

static int high(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= 2 * LOWEST_HIGH)
        return LOWEST_HIGH;
    return (int)(limit.rlim_cur - limit.rlim_cur / 4);
}

/* Its new number; lower where all above are taken, and the old one where there is no other. */
static int moved_up(int fd)
{
    for (int floor = high(); floor > STDERR_FILENO; floor /= 2) {
        int moved = fcntl(fd, F_DUPFD_CLOEXEC, floor);
        if (moved >= 0) {
            close(fd);
            return moved;
        }
        if (errno == EBADF)
            return -1;
    }
    return fd;
}

int lttng_ust_add_fd_to_tracker(int fd);
int lttng_ust_delete_fd_from_tracker(int fd);
void lttng_ust_lock_fd_tracker(void);
void lttng_ust_unlock_fd_tracker(void);

EXPORT void lttng_ust_lock_fd_tracker(void)
{
    void (*lock)(void) = (void (*)(void))real(&real_lock, "lttng_ust_lock_fd_tracker");
    if (lock)
        lock();
    if (held++ == 0)
        atomic_store_explicit(&holder, (int32_t)gettid(), memory_order_relaxed);
}

EXPORT void lttng_ust_unlock_fd_tracker(void)
{
    void (*unlock)(void) = (void (*)(void))real(&real_unlock, "lttng_ust_unlock_fd_tracker");
    if (--held == 0)
        atomic_store_explicit(&holder, 0, memory_order_relaxed);
    if (unlock)
        unlock();
}

EXPORT int lttng_ust_add_fd_to_tracker(int fd)
{
    int (*add)(int) = (int (*)(int))real(&real_add, "lttng_ust_add_fd_to_tracker");
    fd = moved_up(fd);
    if (fd < 0)
        return -1; /* the program closed it meanwhile */
    int result = add ? add(fd) : fd;
    if (result >= 0 && result < KNOWN) {
        atomic_fetch_or_explicit(&own[result / 64], UINT64_C(1) << (result % 64), memory_order_relaxed);
        if ((unsigned)result < atomic_load_explicit(&own_low, memory_order_relaxed))
            atomic_store_explicit(&own_low, (unsigned)result, memory_order_relaxed);
    }
    return result;
}

EXPORT int lttng_ust_delete_fd_from_tracker(int fd)
{
    int (*forget)(int) = (int (*)(int))real(&real_delete, "lttng_ust_delete_fd_from_tracker");
    if (fd >= 0 && fd < KNOWN)
        atomic_fetch_and_explicit(&own[fd / 64], ~(UINT64_C(1) << (fd % 64)), memory_order_relaxed);
    return forget ? forget(fd) : 0;
}

unsigned descriptors_next(unsigned fd)
{
    unsigned low = atomic_load_explicit(&own_low, memory_order_relaxed);
    int32_t now = atomic_load_explicit(&holder, memory_order_relaxed);
    if (low == UINT_MAX || (now && now == (int32_t)gettid()))
        return UINT_MAX;
    for (unsigned at = fd > low ? fd : low; at < KNOWN; at = (at / 64 + 1) * 64) {
        uint64_t word = atomic_load_explicit(&own[at / 64], memory_order_relaxed) >> (at % 64);
        if (word)
            return at + (unsigned)__builtin_ctzll(word);
    }
    return UINT_MAX;
}
