/* Memory that may be large, by its size: what is large is a mapping, so that it goes back to the system when
 * it is freed, whatever the program's allocator keeps. Not signal-safe. */
#ifndef PREFLAME_BASE_BLOCK_H
#define PREFLAME_BASE_BLOCK_H

#include "base/compiler.h"

#include <stddef.h>

#define BLOCK_MAPPED_BYTES ((size_t)64 * 1024) /* from here on */

/* `size` bytes of zeros, owned by the caller, or NULL. Any thread. */
void *block_new(size_t size) MUST_USE;
/* The block at `data` (NULL, with `old_size` 0: a new one), moved if needed, with `size` bytes, of which
 * those behind `old_size` may hold anything. NULL on failure: `data` stays as it was. */
void *block_resized(void *data, size_t old_size, size_t size) MUST_USE;
/* Frees a block of that size. NULL is fine. */
void block_free(void *data, size_t size);

#endif
