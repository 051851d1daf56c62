/* What of a profile its samples use, and the ids that this gets on the wire; private to this folder. */
#ifndef PREFLAME_EXPORTERS_PROFILE_USED_H
#define PREFLAME_EXPORTERS_PROFILE_USED_H

#include "exporters/profile/profile.h"

/* Each array is owned and maps a model index to a wire id: 1, 2, 3 … in the model's order, 0 = left out. */
struct used {
    uint32_t *locations, *functions, *mappings;
    size_t widest_stack, widest_labels, widest_lines; /* counts of the samples and locations in use */
};

/* Finds what the samples that aren't all zero use. 0, -EINVAL (an index out of range) or -ENOMEM; call
 * used_clear in every case. Not signal-safe. */
int used_init(struct used *used, const struct profile *p) MUST_USE;
/* Frees the arrays. */
void used_clear(struct used *used);
/* Are all values of the sample 0? The sample's values must be in range. */
bool profile_is_sample_zero(const struct profile *p, const struct profile_sample *sample);

#endif
