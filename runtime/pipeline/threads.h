/* Every thread of the program as it is now: what it waits for, who holds that, and where it is. */
#ifndef PREFLAME_PIPELINE_THREADS_H
#define PREFLAME_PIPELINE_THREADS_H

#include "base/compiler.h"
#include "capture/state.h"
#include "pipeline/thread_view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The capture room's functions, which live in the other object (capture/others.h). */
struct thread_source {
    struct capture_state *state;
    bool (*waiting)(struct thread_slot *slot, struct wait_state *ret, uint32_t *ret_stack);
    uint32_t (*stack)(const struct place *place);
    uint32_t (*ask)(struct thread_slot *slot); /* NULL: nobody may be asked */
    bool (*answered)(struct thread_slot *slot, uint32_t number, uint32_t *ret_stack);
};

/* Looks at all threads but preflame's own, sorted by tid; *ret is owned by the caller (free). Waiting threads
 * are only read; running ones get our signal, whose handler must be installed, and 100 ms in all to answer. 0
 * or negative errno. In a thread of preflame's. */
int threads_view(const struct thread_source *source, struct thread_view **ret, size_t *ret_count) MUST_USE;

/* In a forked child, whose other threads are gone. Signal-safe. */
void threads_view_after_fork_child(void);

#endif
