/* Moving descriptors to high numbers. */
#include "exporters/high_fd.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WATCHED 64 /* how far above the floor new descriptors are looked for */

int high_fd(int fd)
{
    if (fd < 0)
        return fd;
    for (int floor = HIGH_FD_FLOOR; floor > fd; floor -= floor / 4 + 1) {
        int moved = fcntl(fd, F_DUPFD_CLOEXEC, floor);
        if (moved >= 0) {
            close(fd);
            return moved;
        }
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static uint64_t open_above_floor(void)
{
    uint64_t open = 0;
    for (int i = 0; i < WATCHED; i++)
        if (fcntl(HIGH_FD_FLOOR + i, F_GETFD) >= 0)
            open |= UINT64_C(1) << i;
    return open;
}

/* Takes all free numbers below the floor with copies of `fd` and marks them; returns whether it got them all.
 */
static bool take_low_numbers(int fd, bool *taken)
{
    for (;;) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0)
            return false;
        if (copy >= HIGH_FD_FLOOR) {
            close(copy);
            return true;
        }
        taken[copy] = true;
    }
}

size_t high_fd_while_low_taken(void (*make)(void *arg), void *arg, int *ret_fds, size_t max)
{
    bool taken[HIGH_FD_FLOOR] = {false};
    int filler = eventfd(0, EFD_CLOEXEC);
    bool is_full = filler >= 0 && take_low_numbers(filler, taken);
    /* Without room above the floor the fillers would make every open fail: let go of them first. */
    for (int i = 0; !is_full && i < HIGH_FD_FLOOR; i++)
        if (taken[i])
            close(i);
    uint64_t before = open_above_floor();
    make(arg);
    uint64_t fresh = is_full ? open_above_floor() & ~before : 0;
    for (int i = 0; is_full && i < HIGH_FD_FLOOR; i++)
        if (taken[i])
            close(i);
    if (filler >= 0)
        close(filler);
    size_t count = 0;
    for (int i = 0; i < WATCHED && count < max; i++)
        if (fresh & UINT64_C(1) << i)
            ret_fds[count++] = HIGH_FD_FLOOR + i;
    return count;
}
