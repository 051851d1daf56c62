/* Writing without a signal to the program that knows nothing of it. */
#ifndef PREFLAME_BASE_QUIET_WRITE_H
#define PREFLAME_BASE_QUIET_WRITE_H

#include <stddef.h>
#include <sys/types.h>

/* write(2), but a pipe without readers or a limit of file sizes is EPIPE or EFBIG only: no SIGPIPE or SIGXFSZ
 * comes of it. Signal-safe. Any thread. */
ssize_t quiet_write(int fd, const void *data, size_t size);

#endif
