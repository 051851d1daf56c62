/* Reading memory that may not be there: unmapped, unreadable, or of a file that has been cut. */
#ifndef PREFLAME_CAPTURE_MEMORY_H
#define PREFLAME_CAPTURE_MEMORY_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies `size` bytes from `address`. False, and then `to` holds anything, when not all of them can be read:
 * the kernel copies, and answers with an error where a load would end the program. One or two system calls;
 * where a sandbox refuses the first, one a page. Signal-safe. Changes errno. */
bool memory_read(uint64_t address, void *to, size_t size) MUST_USE;

#endif
