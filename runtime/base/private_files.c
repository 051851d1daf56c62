/* close_range(CLOSE_RANGE_UNSHARE), and reaching back into the program's table when something must be said.
 */
#include "base/private_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

bool private_files_enter(void)
{
    /* One call that copies nothing; filters of containers refuse unshare more often than this. */
    if (syscall(SYS_close_range, 0U, ~0U, (unsigned)CLOSE_RANGE_UNSHARE) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        syscall(SYS_openat, (long)AT_FDCWD, "/dev/null", (long)O_RDWR);
    return true;
}

int private_files_borrow(int fd)
{
    long self = syscall(SYS_pidfd_open, (long)getpid(), 0L);
    if (self < 0)
        return -errno;
    long copy = syscall(SYS_pidfd_getfd, self, (long)fd, 0L);
    int error = errno;
    syscall(SYS_close, self);
    return copy < 0 ? -error : (int)copy;
}
