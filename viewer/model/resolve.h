/* Names for the stacks of a trace, and the call trees made of them. */
#ifndef PREFLAME_VIEWER_RESOLVE_H
#define PREFLAME_VIEWER_RESOLVE_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"
#include "viewer/model/frames.h"
#include "viewer/model/trace.h"
#include "viewer/model/tree.h"

#define RESOLVE_MAX_FRAMES ((size_t)TREE_MAX_DEPTH * 4)
#define RESOLVED_WAIT_FRAMES (RESOLVE_MAX_FRAMES + 2) /* with its process and its reason */

/* Makes a new profile equal to `in` in which locations have lines, with the same addresses: the symbolizer,
 * which is handed in because the model knows no files. 0 or negative errno. */
typedef int (*symbolize_function)(const struct profile *in, struct profile **ret);

struct resolved_process {
    struct frames frames;      /* of every address seen in this image */
    struct map by_address;     /* uint64_t pc → location */
    uint32_t failed_symbolize; /* negative errno of the symbolizer, as a positive number, or 0 */
};

struct resolved {
    struct resolved_process *processes; /* owned; one for each image of the trace */
    size_t count;
};

/* Symbolizes every pc of the trace's stack dictionary, image by image. A symbolizer that fails leaves
 * addresses. 0 or -ENOMEM. */
int resolve_trace(struct trace *t, symbolize_function symbolize, struct resolved *ret) MUST_USE;
void resolved_clear(struct resolved *r);
/* Writes the frames of stack `id` of an image, root first, at most `max`; returns how many. A missing stack
 * is one frame that says so. */
size_t resolved_stack(const struct resolved *r, struct trace *t, uint32_t process, uint32_t id,
                      struct frame *ret, size_t max);
/* The same; `has_several`: it begins with its process. `ret` has RESOLVED_WAIT_FRAMES. */
size_t resolved_rooted_stack(const struct resolved *r, struct trace *t, uint32_t process, uint32_t id,
                             bool has_several, struct frame *ret);
/* The same, ended by a frame that names the reason ("[mutex]"). */
size_t resolved_wait(const struct resolved *r, struct trace *t, uint32_t process, uint32_t stack,
                     uint32_t reason, bool has_several, struct frame *ret);
/* Did more than one image cost time? */
bool trace_has_several_images(const struct trace *t);
/* Adds all on-CPU (or, with `is_waiting`, all off-CPU) costs to the tree. Off-CPU stacks end in their reason;
 * with several images, each stack begins with its process. 0 or -ENOMEM. */
int tree_add_trace(struct tree *tree, const struct resolved *r, struct trace *t, bool is_waiting) MUST_USE;

#endif
