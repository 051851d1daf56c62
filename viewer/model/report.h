/* What a view shows: one or two call trees and where they came from. Model code fills it, formats read it. */
#ifndef PREFLAME_VIEWER_REPORT_H
#define PREFLAME_VIEWER_REPORT_H

#include "exporters/profile/profile.h"
#include "viewer/model/names.h"
#include "viewer/model/resolve.h"
#include "viewer/model/trace.h"
#include "viewer/model/tree.h"

#include <stdbool.h>
#include <stddef.h>

#define REPORT_MAX_GRAPHS 2

/* What one node of a compared graph cost in two inputs. */
struct change {
    int64_t before_self, after_self, before, after; /* the last two with all it called */
};

struct graph {
    const char *title;      /* "on-CPU time" */
    const char *key;        /* "on-cpu": one word */
    const char *unit;       /* as in pprof: "nanoseconds", "bytes", "count", … */
    bool is_waiting;        /* time in which nothing ran: drawn in blue */
    struct tree tree;       /* owned, finished */
    struct change *changes; /* owned; one a node. NULL when the graph is of one input */
};

struct report {
    const char *title; /* the input's name as the user gave it, or what --title says */
    struct names *names;
    struct graph graphs[REPORT_MAX_GRAPHS];
    size_t graph_count;
    struct trace *trace;           /* NULL for a profile */
    struct resolved *resolved;     /* with trace */
    const struct profile *profile; /* NULL for a trace */
    size_t value_index;            /* of the profile's sample types: the one in graphs[0] */
};

#endif
