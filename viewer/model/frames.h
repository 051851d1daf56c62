/* From a struct profile to frames and call trees: the one way in which all inputs get their names. */
#ifndef PREFLAME_VIEWER_FRAMES_H
#define PREFLAME_VIEWER_FRAMES_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"
#include "viewer/model/names.h"
#include "viewer/model/tree.h"

/* The frames of every location of a profile, each location's outermost first. */
struct frames {
    struct frame *data; /* owned */
    size_t *first;      /* owned; location i has data[first[i] .. first[i + 1]) */
    size_t location_count;
};

/* Names every location. One without lines is called by its mapping's file and offset, or by its address.
 * 0 or -ENOMEM. */
int frames_init(struct frames *f, const struct profile *p, struct names *names) MUST_USE;
void frames_clear(struct frames *f);
/* Writes the frames of `count` locations (leaf first) to `ret`, root first, at most `max` of them, counted
 * from the root; returns how many. Indexes out of range are left out. */
size_t frames_of_stack(const struct frames *f, const uint32_t *locations, size_t count, struct frame *ret,
                       size_t max);
/* Adds value number `value_index` of every sample to the tree. 0 or -ENOMEM. */
int tree_add_profile(struct tree *t, const struct profile *p, size_t value_index,
                     struct names *names) MUST_USE;

#endif
