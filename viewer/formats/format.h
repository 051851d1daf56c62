/* Outputs: one row of one table for each. A format reads a report and writes bytes; it knows no other format.
 */
#ifndef PREFLAME_VIEWER_FORMAT_H
#define PREFLAME_VIEWER_FORMAT_H

#include "base/bytes.h"
#include "viewer/model/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SVG_MAX_BOXES 20000u /* of one file: beyond this browsers need seconds for a click */

struct format_options {
    unsigned width_px;  /* of an image */
    bool is_inverted;   /* root on top */
    const char *colors; /* of an image: a word of svg_palette.h; NULL: its default */
    size_t max_boxes;   /* of an image, all graphs together */
    size_t max_rows;    /* of each table of a text */
};

struct format {
    const char *name;     /* as --format takes it */
    const char *suffixes; /* file name endings that mean this format, separated by blanks */
    bool wants_all;       /* shows every kind of time unless asked for one */
    bool wants_moments;   /* shows time as it passed */
    bool is_of_traces;    /* has nothing to show of profiles */
    bool wants_counts;    /* has room for how often beside how long */
    bool can_reverse;     /* makes sense of stacks that begin with the leaf */
    bool can_compare;     /* shows graphs with changes */
    /* Appends the report to `out`. 0 or negative errno; what `out` lacks, its own error says. */
    int (*write)(const struct report *report, const struct format_options *options, struct bytes *out);
};

/* The table, ended by a row without a name. */
extern const struct format formats[];

/* By --format's word, or NULL. */
const struct format *format_by_name(const char *name);
/* By the ending of a file name, or NULL when no format claims it. */
const struct format *format_by_path(const char *path);

/* One declaration for each row. */
int write_folded(const struct report *report, const struct format_options *options,
                 struct bytes *out) MUST_USE;
int write_svg(const struct report *report, const struct format_options *options, struct bytes *out) MUST_USE;
int write_text(const struct report *report, const struct format_options *options, struct bytes *out) MUST_USE;
int write_pprof(const struct report *report, const struct format_options *options,
                struct bytes *out) MUST_USE;
int write_speedscope(const struct report *report, const struct format_options *options,
                     struct bytes *out) MUST_USE;
int write_chrome(const struct report *report, const struct format_options *options,
                 struct bytes *out) MUST_USE;
int write_perfetto(const struct report *report, const struct format_options *options,
                   struct bytes *out) MUST_USE;
int write_html(const struct report *report, const struct format_options *options, struct bytes *out) MUST_USE;
int write_gotrace(const struct report *report, const struct format_options *options,
                  struct bytes *out) MUST_USE;

#endif
