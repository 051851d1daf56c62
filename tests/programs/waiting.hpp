/* Seeing that another thread sleeps, by which programs know who ends whose wait. */
#ifndef PREFLAME_TESTS_PROGRAMS_WAITING_HPP
#define PREFLAME_TESTS_PROGRAMS_WAITING_HPP

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

/* Does the thread sleep in a system call? */
inline bool is_waiting(int tid)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    close(fd);
    int number;
    return len > 0 && sscanf(text, "%d 0x", &number) == 1 && number >= 0;
}

#endif
