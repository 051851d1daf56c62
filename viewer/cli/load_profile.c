/* A profile file to a report. */
#include "viewer/cli/load.h"

#include "viewer/cli/commands.h"
#include "viewer/cli/memory.h"
#include "viewer/cli/read_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROFILE_MAX_BYTES ((size_t)512 << 20)

/* The sample type that is asked for, else the profile's default, else the last: as pprof chooses. */
static int choose_type(const struct profile *p, const char *asked, size_t *ret)
{
    const char *wanted = asked ? asked : profile_text(p, p->default_type);
    for (size_t i = 0; i < p->types.count; i++) {
        if (strcmp(profile_text(p, p->types.data[i].type), wanted) == 0) {
            *ret = i;
            return 0;
        }
    }
    if (asked || !p->types.count)
        return -EINVAL;
    *ret = p->types.count - 1;
    return 0;
}

static int build(struct loaded *l, bool is_reversed)
{
    struct report *report = &l->report;
    const struct profile_type *type = &l->profile->types.data[report->value_index];
    const char *name = profile_text(l->profile, type->type);
    struct graph *graph = &report->graphs[report->graph_count++];
    *graph = (struct graph){.title = name, .key = name, .unit = profile_text(l->profile, type->unit)};
    graph->is_waiting =
        strcmp(name, "delay") == 0 || strcmp(name, "offcpu") == 0 || strcmp(name, "contentions") == 0;
    tree_init(&graph->tree, &l->names, TREE_MAX_NODES);
    graph->tree.is_reversed = is_reversed;
    int error = tree_add_profile(&graph->tree, l->profile, report->value_index, &l->names);
    return error ? error : tree_finish(&graph->tree);
}

static int no_such_type(const struct profile *p, const char *path, const char *asked)
{
    fprintf(stderr, "preflame: profile '%s' has no sample type%s%s; it has:", path, asked ? " " : "",
            asked ? asked : "");
    for (size_t i = 0; i < p->types.count; i++)
        fprintf(stderr, " %s", profile_text(p, p->types.data[i].type));
    fputs(p->types.count ? "\n" : " none\n", stderr);
    return EXIT_FAILED;
}

static int cannot_read(const char *path, int error)
{
    fprintf(stderr, "preflame: cannot read profile '%s': %s\n", path, strerror(-error));
    return EXIT_FAILED;
}

int load_profile_bytes(struct loaded *l, const struct bytes *content, const char *path,
                       const struct load_options *options)
{
    const char *asked = options->sample_type;
    const char *why = NULL;
    int error = profile_decode(content->data, content->len, PROFILE_MAX_BYTES, &l->profile, &why);
    if (error == -EINVAL) {
        fprintf(stderr, "preflame: '%s' is no pprof profile: %s; give a .pprof file or a trace folder\n",
                path, why ? why : "malformed");
        return EXIT_FAILED;
    }
    if (!error && choose_type(l->profile, asked, &l->report.value_index))
        return no_such_type(l->profile, path, asked);
    if (!error && asked)
        l->profile->default_type = l->profile->types.data[l->report.value_index].type;
    l->report.names = &l->names;
    l->report.profile = l->profile;
    if (!error)
        error = build(l, options->is_reversed);
    return error ? cannot_read(path, error) : EXIT_DONE;
}

int load_profile(struct loaded *l, const char *path, const struct load_options *options)
{
    struct bytes content CLEANUP(bytes_clear);
    bytes_init(&content, PROFILE_MAX_BYTES);
    memory_cap();
    int error = read_file(path, &content);
    return error ? cannot_read(path, error) : load_profile_bytes(l, &content, path, options);
}
