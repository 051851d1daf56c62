/* Small trees and reports for the viewer's tests. */
#ifndef PREFLAME_TESTS_VIEWER_FIXTURE_H
#define PREFLAME_TESTS_VIEWER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "viewer/formats/format.h"
#include "viewer/model/names.h"
#include "viewer/model/tree.h"

#include <stdlib.h>
#include <string.h>

/* Adds a stack written as "root;caller;leaf". */
static inline void add_stack(struct tree *tree, struct names *names, const char *stack, int64_t value)
{
    struct frame frames[64];
    size_t count = 0;
    char *copy = strdup(stack), *rest = copy;
    assert_non_null(copy);
    for (char *name; (name = strsep(&rest, ";")) && *name;)
        frames[count++] = (struct frame){.name = names_add(names, name)};
    tree_add(tree, frames, count, value);
    free(copy);
}

/* The node at the end of a path, or TREE_ROOT when there is none. */
static inline uint32_t find_node(const struct tree *tree, const struct names *names, const char *stack)
{
    char *copy = strdup(stack), *rest = copy;
    assert_non_null(copy);
    uint32_t at = TREE_ROOT;
    for (char *name; (name = strsep(&rest, ";"));) {
        uint32_t found = TREE_ROOT;
        for (uint32_t i = 1; i < tree->count; i++)
            if (tree->nodes[i].parent == at && strcmp(names_text(names, tree->nodes[i].name), name) == 0)
                found = i;
        at = found;
        if (at == TREE_ROOT)
            break;
    }
    free(copy);
    return at;
}

/* A report with one graph of nanoseconds, still empty. */
static inline void report_begin(struct report *report, struct names *names)
{
    names_init(names);
    *report = (struct report){.title = "test", .names = names, .graph_count = 1};
    report->graphs[0] = (struct graph){.title = "cpu", .key = "cpu", .unit = "nanoseconds"};
    tree_init(&report->graphs[0].tree, names, TREE_MAX_NODES);
}

static inline void report_end(struct report *report)
{
    for (size_t i = 0; i < report->graph_count; i++)
        tree_clear(&report->graphs[i].tree);
    names_clear(report->names);
}

static const struct format_options default_options = {.width_px = 1200, .max_boxes = 20000, .max_rows = 20};

#endif
