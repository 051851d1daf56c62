/* Where this process' Unix socket lies, and what others have left there. */
#ifndef PREFLAME_BOOT_SOCKET_PLACE_H
#define PREFLAME_BOOT_SOCKET_PLACE_H

#include "boot/options.h"

#include <stddef.h>

/* Reads where default sockets go: programs that rename themselves (nginx) write over their environment later.
 * Boot-only. */
void socket_place_init(void);

/* The path of this process' socket: the option's (`is_child`: with the pid behind it), or a default, by the
 * pid; "" when there shall be none. 0, or -ENOENT when the folder of the option's path isn't there: it is not
 * ours to make. */
int socket_place_choose(const struct options *options, bool is_child, char *path, size_t size) MUST_USE;

/* Why there is no socket, in words, after `error` of choosing or binding it. */
const char *socket_place_problem(int error);

/* Removes sockets that dead processes of this user have left in the default folder that holds `path`; some of
 * them, when there are many. Not in the program's threads. */
void socket_place_tidy(const char *path);

#endif
