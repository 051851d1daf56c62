/* Names of Linux system calls, from a table made of <sys/syscall.h> when preflame is built. */
#ifndef PREFLAME_BASE_SYSCALL_NAMES_H
#define PREFLAME_BASE_SYSCALL_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* "read", or the number as text in `buffer` (16 bytes are enough) when this build doesn't know it.
 * Thread-safe. */
const char *syscall_name(uint32_t number, char *buffer, size_t buffer_size);

#endif
