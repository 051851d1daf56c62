/* What the parts of format html share. Private to html*.c. */
#ifndef PREFLAME_VIEWER_HTML_PAGE_H
#define PREFLAME_VIEWER_HTML_PAGE_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "viewer/model/report.h"

#include <stddef.h>
#include <stdint.h>

#define HTML_MAX_NODES (1u << 19) /* of the call tree in a page */
#define HTML_MAX_SLICES 600000u   /* waits, calls and samples */
#define HTML_MAX_TOLD 100000u     /* begins and ends of tasks and regions, logs, values of counters */
#define HTML_MAX_ROWS 20u         /* of each table for readers without script */
#define HTML_DATA_BYTES ((size_t)1 << 30)

/* A JSON key with an array of numbers, one for each `i` below `count`. */
#define HTML_COLUMN(out, key, count, i, number)                                                              \
    do {                                                                                                     \
        bytes_puts((out), ",\n\"" key "\":[");                                                               \
        for (size_t i = 0; i < (count); i++)                                                                 \
            bytes_printf((out), i ? ",%lld" : "%lld", (long long)(number));                                  \
        bytes_puts((out), "]");                                                                              \
    } while (0)

/* Appends "names" and "nodes": all names of the report, and a tree of frames that refers to them. */
void html_put_names(struct bytes *out, const struct names *names);
void html_put_nodes(struct bytes *out, const struct tree *tree);
/* Appends the data of a page as JSON. 0 or negative errno. */
int html_put_profile(struct bytes *out, const struct report *report) MUST_USE;
int html_put_trace(struct bytes *out, const struct report *report) MUST_USE;
/* Appends what a reader without script sees too: where it is from and what is missing; then what only he
 * sees. 0 or -ENOMEM. */
void html_put_facts(struct bytes *out, const struct report *report);
int html_put_tables(struct bytes *out, const struct report *report) MUST_USE;

#endif
