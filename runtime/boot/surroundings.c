/* What a filter kills is found out by a child that dies of it. */
#include "boot/surroundings.h"

#include "base/compiler.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARE 4 /* of the address space that is left, we take one part in so many */

/* Every call that the runtime and its libraries make and a program need not, with arguments that come to
 * nothing: bad descriptors, bad flags, no memory. */
static const struct {
    char name[20];
    long number, first, second;
} probes[] = {
#define PROBE(name, first, second)                                                                           \
    {                                                                                                        \
#name, SYS_##name, first, second                                                                     \
    }
    PROBE(accept4, -1, 0),
    PROBE(bind, -1, 0),
    PROBE(chdir, 0, 0),
    PROBE(clock_gettime, -1, 0),
    PROBE(clock_nanosleep, -1, 0),
    PROBE(clone3, 0, 0),
    PROBE(close_range, 1, 0),
    PROBE(connect, -1, 0),
    PROBE(dup, -1, 0),
    PROBE(dup3, -1, -1),
    PROBE(epoll_create1, -1, 0),
    PROBE(epoll_ctl, -1, 0),
    PROBE(epoll_wait, -1, 0),
    PROBE(eventfd2, 0, -1),
    PROBE(execve, 0, 0),
    PROBE(faccessat2, -1, 0),
    PROBE(fchmod, -1, 0),
    PROBE(fchmodat, -1, 0),
    PROBE(fcntl, -1, F_GETFD),
    PROBE(futex, 0, -1),
    PROBE(get_mempolicy, 0, 0),
    PROBE(getcwd, 0, 0),
    PROBE(getdents64, -1, 0),
    PROBE(getegid, 0, 0),
    PROBE(geteuid, 0, 0),
    PROBE(getgid, 0, 0),
    PROBE(getpid, 0, 0),
    PROBE(getppid, 0, 0),
    PROBE(getpriority, -1, 0),
    PROBE(getrandom, 0, 0),
    PROBE(getsockname, -1, 0),
    PROBE(gettid, 0, 0),
    PROBE(getuid, 0, 0),
    PROBE(ioctl, -1, 0),
    PROBE(kill, 0, -1),
    PROBE(link, 0, 0),
    PROBE(listen, -1, 0),
    PROBE(lseek, -1, 0),
    PROBE(madvise, 0, 0),
    PROBE(membarrier, -1, 0),
    PROBE(memfd_create, 0, 0),
    PROBE(mincore, 0, 0),
    PROBE(mkdir, 0, 0),
    PROBE(mremap, 1, 0),
    PROBE(pidfd_getfd, -1, -1),
    PROBE(pidfd_open, -1, 0),
    PROBE(pipe2, 0, -1),
    PROBE(poll, 0, 0),
    PROBE(ppoll, 0, -1),
    PROBE(prctl, -1, 0),
    PROBE(process_vm_readv, -1, 0),
    PROBE(readlink, 0, 0),
    PROBE(recvmsg, -1, 0),
    PROBE(rename, 0, 0),
    PROBE(rt_sigaction, -1, 0),
    PROBE(rt_sigpending, 0, 8),
    PROBE(rt_sigtimedwait, 0, 0),
    PROBE(rt_tgsigqueueinfo, -1, -1),
    PROBE(sched_getaffinity, 0, 0),
    PROBE(sched_yield, 0, 0),
    PROBE(sendmsg, -1, 0),
    PROBE(set_mempolicy, -1, 0),
    PROBE(setsockopt, -1, 0),
    PROBE(shutdown, -1, 0),
    PROBE(socket, -1, -1),
    PROBE(socketpair, -1, -1),
    PROBE(sysinfo, 0, 0),
    PROBE(tgkill, -1, -1),
    PROBE(timer_create, -1, 0),
    PROBE(timer_delete, -1, 0),
    PROBE(timer_gettime, -1, 0),
    PROBE(timer_settime, -1, 0),
    PROBE(uname, 0, 0),
    PROBE(unlink, 0, 0),
    PROBE(unlinkat, -1, 0),
    PROBE(wait4, -1, 0),
    PROBE(writev, -1, 0),
#undef PROBE
};

static size_t read_file(const char *path, char *text, size_t size)
{
    int fd = (int)syscall(SYS_openat, (long)AT_FDCWD, path, (long)(O_RDONLY | O_CLOEXEC));
    long len = fd < 0 ? 0 : syscall(SYS_read, (long)fd, text, size - 1);
    text[len > 0 ? len : 0] = 0;
    if (fd >= 0)
        syscall(SYS_close, (long)fd);
    return len > 0 ? (size_t)len : 0;
}

/* Where nobody tells, there may be one. */
static bool has_filter(void)
{
    char text[4096];
    if (!read_file("/proc/self/status", text, sizeof(text)))
        return true;
    const char *line = strstr(text, "\nSeccomp:\t");
    return line && line[10] != '0';
}

static void try_all(_Atomic uint32_t *at)
{
    const struct rlimit none = {0, 0}; /* no core file of it */
    syscall(SYS_prlimit64, 0L, (long)RLIMIT_CORE, &none, NULL);
    for (uint32_t i = 0; i < ARRAY_SIZE(probes); i++) {
        atomic_store_explicit(at, i, memory_order_relaxed);
        syscall(probes[i].number, probes[i].first, probes[i].second, 0L, 0L, 0L, 0L);
    }
    syscall(SYS_exit_group, 0L);
}

/* The name of a call that ends processes here, or NULL. The child is one that no wait of the program's could
 * meet: it tells nobody of its end. */
static const char *killing_call(void)
{
    _Atomic uint32_t *at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    int status = 0;
    long pid = syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
    if (pid == 0)
        try_all(at);
    while (pid > 0 && syscall(SYS_wait4, pid, &status, (long)__WALL, NULL) < 0 && errno == EINTR)
        ;
    bool is_killed = pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    const char *name = is_killed ? probes[atomic_load_explicit(at, memory_order_relaxed)].name : NULL;
    munmap(at, sizeof(*at));
    return name;
}

/* Fields of /proc/self/statm: pages of address space, and of data. */
static uint64_t used_bytes(unsigned field)
{
    char text[256], *at = text;
    uint64_t pages = 0;
    if (!read_file("/proc/self/statm", text, sizeof(text)))
        return 0;
    for (unsigned i = 0; i <= field; i++)
        pages = strtoull(at, &at, 10);
    return pages * 4096;
}

static bool has_room(const char *name, __rlimit_resource_t resource, unsigned field, uint64_t bytes)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    uint64_t used = used_bytes(field);
    uint64_t left = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
    if (left / SHARE >= bytes)
        return true;
    log_line(LOG_WARN, "off: %s leaves %llu MB, and preflame reserves %llu MB: raise it to %llu MB", name,
             (unsigned long long)left >> 20, (unsigned long long)bytes >> 20,
             (unsigned long long)(used + bytes * SHARE) >> 20);
    return false;
}

bool surroundings_allow(uint64_t bytes)
{
    const char *call = has_filter() ? killing_call() : NULL;
    if (call) {
        log_line(LOG_WARN,
                 "off: a seccomp filter ends processes that call %s: allow it, or let it fail with EPERM",
                 call);
        return false;
    }
    return has_room("RLIMIT_AS", RLIMIT_AS, 0, bytes) && has_room("RLIMIT_DATA", RLIMIT_DATA, 5, bytes);
}
