/* The start time in /proc/self/stat: ticks since boot, the kernel's own word. */
#include "base/process_start.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD_BEHIND_NAME 3 /* the state, which stands behind the name in parentheses (proc(5)) */
#define FIELD_START_TIME 22

/* Ticks from boot to this process' start, or -1. */
static int64_t start_ticks(void)
{
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (len <= 0)
        return -1;
    text[len] = 0;
    char *at = strrchr(text, ')');
    for (int field = FIELD_BEHIND_NAME - 1; at && field < FIELD_START_TIME; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at, NULL, 10) : -1;
}

int64_t process_start_real_ns(void)
{
    int64_t now_ns = clock_real_ns();
    int64_t up_ns = clock_ns(CLOCK_BOOTTIME);
    int64_t ticks = start_ticks();
    long rate_hz = sysconf(_SC_CLK_TCK);
    if (ticks < 0 || rate_hz <= 0)
        return now_ns;
    return now_ns - up_ns + (ticks + 1) * (NS_PER_S / rate_hz);
}
