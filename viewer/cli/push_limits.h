/* What Pyroscope takes (its default limits), and how a profile is made to fit. */
#ifndef PREFLAME_VIEWER_CLI_PUSH_LIMITS_H
#define PREFLAME_VIEWER_CLI_PUSH_LIMITS_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"

#define PUSH_BYTES_MAX ((size_t)4 << 20) /* of a profile, uncompressed */
#define PUSH_SAMPLES_MAX 16000
#define PUSH_LABELS_MAX 100 /* of a sample */
#define PUSH_DEPTH_MAX 1000
#define PUSH_TEXT_MAX 65535
#define PUSH_AGE_MAX_S 3000 /* of a profile's time; it takes an hour */
#define PUSH_PARTS_MAX 16   /* ours: of one profile */

struct push_cuts {
    uint64_t samples; /* left out */
    uint64_t details; /* stacks without their outermost frames, samples with labels less, names cut short */
};

/* Cuts what is too long or too old of `profile`, and hands it on as profiles of which each fits, in `each`:
 * gzip-compressed, what costs most first. Whatever doesn't fit into PUSH_PARTS_MAX is left out. Adds what was
 * cut to *cuts. `now_s`: CLOCK_REALTIME. 0, or negative errno, also what `each` returned. */
int push_fit(struct profile *profile, int64_t now_s, int (*each)(void *context, const struct bytes *pprof),
             void *context, struct push_cuts *cuts) MUST_USE;
/* `name` as an application may be called: letters, digits and "_.-/"; all others become "_". Appended. */
void push_put_name(struct bytes *out, const char *name);

#endif
