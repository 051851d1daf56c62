/* How the model's arrays grow; private to this folder. */
#ifndef PREFLAME_EXPORTERS_PROFILE_ARRAY_H
#define PREFLAME_EXPORTERS_PROFILE_ARRAY_H

#include "exporters/profile/profile.h"

/* Returns `data`, moved if needed, with room for `extra` elements of `size` bytes behind `count`. On failure
 * sets p->error (-ENOMEM, or -E2BIG when indexes would no longer fit) and returns `data` as it was; otherwise
 * never NULL. Not thread-safe. */
void *profile_grown(struct profile *p, void *data, size_t count, size_t *room, size_t size, size_t extra);

/* Makes room for `extra` more elements in one of p's arrays; true when there is room and p hasn't failed. */
#define PROFILE_GROW(p, array, extra)                                                                        \
    ((array).data =                                                                                          \
         profile_grown((p), (array).data, (array).count, &(array).room, sizeof(*(array).data), (extra)),     \
     !(p)->error)

/* Records the first failure of a profile; later ones are consequences. Not thread-safe. */
void profile_fail(struct profile *p, int error);

#endif
