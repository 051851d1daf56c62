/* Loading what `preflame view` was given. Private to the command line. */
#ifndef PREFLAME_VIEWER_LOAD_H
#define PREFLAME_VIEWER_LOAD_H

#include "base/compiler.h"
#include "exporters/profile/profile.h"
#include "viewer/model/report.h"
#include "viewer/model/trace.h"

enum view_kind { VIEW_KIND_DEFAULT, VIEW_KIND_ONCPU, VIEW_KIND_OFFCPU, VIEW_KIND_ALL };

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
/* Loads a trace folder or a profile file ("-" is standard input) and builds its graphs. Prints one line to
 * stderr when it fails, and one for each thing left out. `is_careful` as in reader_run. An exit status. */
int load_trace(struct loaded *l, const char *path, bool is_careful, enum view_kind kind) MUST_USE;
int load_profile(struct loaded *l, const char *path, const char *sample_type) MUST_USE;

#endif
