/* Parts of the text summary. Private to the text format. */
#ifndef PREFLAME_VIEWER_TEXT_H
#define PREFLAME_VIEWER_TEXT_H

#include "viewer/formats/format.h"

/* Appends `text` with everything that a terminal could take for a command replaced. */
void text_put(struct bytes *out, const char *text);
/* Appends a number with its unit, right-aligned in `columns`. */
void text_put_value(struct bytes *out, int columns, int64_t value, const char *unit);
/* Appends frames leaf first, "leaf < caller < its caller", at most `max`, then "…". `frames` runs from the
 * root. */
void text_put_frames(struct bytes *out, const struct names *names, const struct frame *frames, size_t count,
                     size_t max);
/* Appends what only a trace or only a profile knows. 0 or -ENOMEM. */
int text_put_trace(struct bytes *out, const struct report *report, size_t max_rows) MUST_USE;
int text_put_sched(struct bytes *out, const struct trace *t, size_t max_rows) MUST_USE;
int text_put_user(struct bytes *out, const struct trace *t, size_t max_rows) MUST_USE;
int text_put_waits(struct bytes *out, const struct report *report, size_t max_rows) MUST_USE;
/* Appends a compared graph: its functions, those first that changed most. 0 or -ENOMEM. */
int text_put_changes(struct bytes *out, const struct report *report, const struct graph *graph,
                     size_t max_rows) MUST_USE;
void text_put_profile(struct bytes *out, const struct report *report, size_t max_rows);

#endif
