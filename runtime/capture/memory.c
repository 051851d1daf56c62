/* The kernel as the one who reads. */
#include "capture/memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/banned.h"

#define PAGE UINT64_C(4096)
#define KERNEL_SIGSET_BYTES 8UL

static atomic_bool is_copy_refused; /* the system call is, by a sandbox or an old container */

static bool copy_by_kernel(uint64_t address, void *to, size_t size)
{
    struct iovec local = {.iov_base = to, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    long copied = syscall(SYS_process_vm_readv, (long)getpid(), &local, 1UL, &remote, 1UL, 0UL);
    if (copied < 0 && (errno == EPERM || errno == ENOSYS))
        atomic_store_explicit(&is_copy_refused, true, memory_order_relaxed);
    return copied == (long)size;
}

/* A call that reads a signal set before it finds its first argument wrong: EFAULT when it can't. */
static bool page_is_readable(uint64_t page)
{
    return syscall(SYS_rt_sigprocmask, -1L, page, NULL, KERNEL_SIGSET_BYTES) != 0 && errno == EINVAL;
}

/* The second best: what is unmapped between the question and the load still ends the program. */
static bool copy_by_hand(uint64_t address, void *to, size_t size)
{
    for (uint64_t page = address & ~(PAGE - 1); page < address + size; page += PAGE) {
        if (!page_is_readable(page))
            return false;
    }
    const uint8_t *from = (const uint8_t *)(uintptr_t)address;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)to)[i] = from[i];
    return true;
}

bool memory_read(uint64_t address, void *to, size_t size)
{
    if (address + size < address)
        return false;
    if (LIKELY(!atomic_load_explicit(&is_copy_refused, memory_order_relaxed))) {
        if (copy_by_kernel(address, to, size))
            return true;
        if (!atomic_load_explicit(&is_copy_refused, memory_order_relaxed))
            return false;
    }
    return copy_by_hand(address, to, size);
}
