/* Loading what `preflame view` and its like were given. Private to the command line. */
#ifndef PREFLAME_VIEWER_LOAD_H
#define PREFLAME_VIEWER_LOAD_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "exporters/profile/profile.h"
#include "viewer/model/derived.h"
#include "viewer/model/report.h"
#include "viewer/model/trace.h"

#include <stdbool.h>

enum view_kind {
    VIEW_KIND_DEFAULT,
    VIEW_KIND_ONCPU,
    VIEW_KIND_OFFCPU,
    VIEW_KIND_ALL,
    VIEW_KIND_DERIVED, /* and those of enum derived_kind behind it */
    VIEW_KIND_COUNT = VIEW_KIND_DERIVED + DERIVED_COUNT
};

struct load_options {
    enum view_kind kind;     /* of a trace */
    const char *sample_type; /* of a profile; NULL: its own choice */
    bool is_reversed;        /* stacks from the leaf */
    bool is_careful;         /* as in reader_run */
    bool wants_moments;      /* of a trace, as in struct trace */
    bool wants_counts;       /* how often too, where the kind counts */
};

/* All that a report points to. */
struct loaded {
    struct names names; /* of a profile; a trace has its own */
    struct trace trace;
    struct resolved resolved;
    struct profile *profile; /* owned */
    struct report report;
};

/* Starts an empty holder; loaded_clear is then always right. */
void loaded_init(struct loaded *l);
void loaded_clear(struct loaded *l);
/* Is `path` a folder, and so a trace? */
bool load_is_trace(const char *path);
/* Loads a trace folder or a profile file ("-" is standard input) and builds its graphs. Prints one line to
 * stderr when it fails, and one for each thing left out. An exit status. */
int load(struct loaded *l, const char *path, const struct load_options *options) MUST_USE;
int load_trace(struct loaded *l, const char *path, const struct load_options *options) MUST_USE;
int load_profile(struct loaded *l, const char *path, const struct load_options *options) MUST_USE;
/* A profile that is in memory already; `path` is what messages call it. */
int load_profile_bytes(struct loaded *l, const struct bytes *content, const char *path,
                       const struct load_options *options) MUST_USE;

#endif
