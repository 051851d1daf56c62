/* Memory for whoever allocates while the real allocator is being looked for: in another preload's dlsym,
 * mostly. A few kilobytes; what is given back is not used again. */
#ifndef PREFLAME_HOOKS_EARLY_HEAP_H
#define PREFLAME_HOOKS_EARLY_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* A zeroed block aligned to 16, or NULL with ENOMEM. Its address is kept in the live set's filter. Any
 * thread. Signal-safe. */
void *early_heap_take(size_t size);

/* Is it one of those? Signal-safe. */
bool early_heap_has(const void *block);

/* Its size, as it was asked for. */
size_t early_heap_size(const void *block);

#endif
