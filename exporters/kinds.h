/* The one list of profiles: names, sample types and meaning, as Go's runtime/pprof has them where it has
 * them. */
#ifndef PREFLAME_EXPORTERS_KINDS_H
#define PREFLAME_EXPORTERS_KINDS_H

#include "base/bucket_kind.h"
#include "exporters/profile/profile.h"
#include "pipeline/snapshot.h"

#include <stdbool.h>

#define KIND_LABELS_MAX 8

struct profile_kind {
    const char *name;        /* in URLs and file names */
    const char *description; /* its line on the index page */
    struct {
        const char *type, *unit;
    } types[SNAPSHOT_VALUES + 1]; /* ended by NULL */
    struct {
        const char *type, *unit;
    } period;
    const char *default_type; /* NULL: the last one */
    /* A row's sample values, one a type. False: the row isn't part of this profile. */
    bool (*values)(const struct snapshot *snapshot, const struct snapshot_row *row, int64_t *ret);
    /* Its labels, KIND_LABELS_MAX at most; returns how many. NULL: none. */
    unsigned (*labels)(struct profile *profile, const struct snapshot_row *row, struct profile_label *ret);
    enum bucket_kind bucket; /* where its values come from; BUCKET_NONE: not from buckets */
    bool has_delta;          /* takes ?seconds= */
    const char
        *drop_frames; /* of functions that pprof leaves out at the leaf end; a regular expression or NULL */
};

/* Sorted by name, ended by a row without one. */
extern const struct profile_kind profile_kinds[];

/* Time on the CPU and time waited together, by ?seconds= at a URL of its own: rows of CPU samples and of
 * waits. */
extern const struct profile_kind profile_kind_wall;

/* CPU time; not in the list, since it is measured on request and has a URL of its own. */
extern const struct profile_kind profile_kind_cpu;

/* The profile `goroutine` with all that is known of each thread as labels (exporters/threads_text.h); not in
 * the list. */
extern const struct profile_kind profile_kind_threads;

/* Is it of the threads as they are now? */
bool profile_kind_is_threads(const struct profile_kind *kind);

/* The row of that name, or NULL. Any thread. */
const struct profile_kind *profile_kind_find(const char *name);

#endif
