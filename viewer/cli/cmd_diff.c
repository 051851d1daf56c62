/* `preflame diff`: what changed between two profiles, or two traces. */
#include "viewer/cli/attempt.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/load.h"
#include "viewer/cli/show.h"
#include "viewer/cli/usage.h"
#include "viewer/model/compare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char help[] = "usage: preflame diff [OPTIONS] BEFORE AFTER\n"
                           "\n"
                           "What changed between two profiles or two traces. As text: functions by how much "
                           "they changed; svg: boxes "
                           "as wide\n"
                           "as the larger cost, orange where it grew, blue where it shrank; folded: the cost "
                           "before and after behind "
                           "each\n"
                           "stack; pprof: AFTER less BEFORE, as `go tool pprof -diff_base` makes it.\n"
                           "\n"
                           "      --normalize       as if AFTER cost as much as BEFORE in all: what changed "
                           "its share\n" SHOW_OPTIONS_HELP USAGE_OPTIONS_HELP;

enum { DIFF_NORMALIZE = 0x400 };

struct diff {
    const char *before, *after;
    bool is_normalized;
    struct show show;
};

/* The sum of each value is made what it was before. */
static void normalize(const struct profile *before, struct profile *after)
{
    for (size_t type = 0; type < after->types.count && type < before->types.count; type++) {
        long double old_sum = 0, new_sum = 0;
        for (size_t i = 0; i < before->samples.count; i++)
            old_sum += (long double)before->values.data[before->samples.data[i].first_value + type];
        for (size_t i = 0; i < after->samples.count; i++)
            new_sum += (long double)after->values.data[after->samples.data[i].first_value + type];
        for (size_t i = 0; old_sum > 0 && new_sum > 0 && i < after->samples.count; i++) {
            int64_t *value = &after->values.data[after->samples.data[i].first_value + type];
            *value = (int64_t)((long double)*value * old_sum / new_sum + 0.5L);
        }
    }
}

/* For format pprof: signed, with all values and labels. Profiles of different types have only what is shown.
 */
static void subtract(struct loaded *before, struct loaded *after, const struct diff *diff, struct report *ret)
{
    if (!before->profile || !after->profile)
        return;
    if (diff->is_normalized)
        normalize(before->profile, after->profile);
    if (profile_merge(after->profile, before->profile, -1) == 0 && !after->profile->error)
        ret->profile = after->profile;
}

static int compare(struct loaded *before, struct loaded *after, const struct diff *diff)
{
    struct names names;
    struct report report = {.names = &names};
    char input[512];
    int error = 0;
    names_init(&names);
    for (size_t i = 0; i < after->report.graph_count && !error; i++) {
        error = compare_graphs(&before->report.graphs[i], before->report.names, &after->report.graphs[i],
                               after->report.names, diff->is_normalized, &names, &report.graphs[i]);
        report.graph_count += !error;
    }
    subtract(before, after, diff, &report);
    snprintf(input, sizeof(input), "%.240s → %.240s", diff->before, diff->after);
    int status = EXIT_FAILED;
    if (error)
        fprintf(stderr, "preflame: cannot compare: %s\n", strerror(-error));
    else
        status = show_report(&diff->show, &report, input);
    for (size_t i = 0; i < report.graph_count; i++)
        compare_clear(&report.graphs[i]);
    names_clear(&names);
    return status;
}

static bool is_comparable(const struct report *before, const struct report *after)
{
    bool is_same = before->graph_count == after->graph_count;
    for (size_t i = 0; is_same && i < after->graph_count; i++)
        is_same = strcmp(before->graphs[i].unit, after->graphs[i].unit) == 0;
    return is_same;
}

static int load_and_compare(void *context, bool is_careful)
{
    struct diff *diff = context;
    struct loaded before, after;
    struct load_options options = diff->show.load;
    options.is_careful = is_careful;
    loaded_init(&before);
    loaded_init(&after);
    int status = load(&after, diff->after, &options);
    if (status == EXIT_DONE && after.profile)
        options.sample_type = after.report.graphs[0].key;
    if (status == EXIT_DONE)
        status = load(&before, diff->before, &options);
    if (status == EXIT_DONE && !is_comparable(&before.report, &after.report)) {
        fprintf(stderr, "preflame: '%.200s' and '%.200s' measure different things; give two of a kind\n",
                diff->before, diff->after);
        status = EXIT_FAILED;
    }
    if (status == EXIT_DONE)
        status = compare(&before, &after, diff);
    loaded_clear(&before);
    loaded_clear(&after);
    return status;
}

int cmd_diff(int argc, char **argv)
{
    static const struct option options[] = {{"normalize", no_argument, NULL, DIFF_NORMALIZE},
                                            SHOW_LONG_OPTIONS,
                                            USAGE_LONG_OPTIONS,
                                            {NULL, 0, NULL, 0}};
    struct diff diff = {0};
    int option;
    show_init(&diff.show);
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, SHOW_SHORT_OPTIONS, options, NULL)) != -1) {
        if (option == USAGE_HELP || option == USAGE_VERSION)
            return usage_answer(option, help);
        if (option == '?')
            return usage_bad_option("diff", argv);
        if (option == DIFF_NORMALIZE)
            diff.is_normalized = true;
        else if (show_take(&diff.show, "diff", option, optarg) < 0)
            return EXIT_USAGE;
    }
    if (optind + 2 != argc)
        return usage_error("diff", "two profiles or two traces are needed", NULL);
    diff.before = argv[optind];
    diff.after = argv[optind + 1];
    if (show_settle(&diff.show, "diff") < 0)
        return EXIT_USAGE;
    if (!diff.show.format->can_compare)
        return usage_error("diff", "it can't show differences:", diff.show.format->name);
    bool is_trace = load_is_trace(diff.before) || load_is_trace(diff.after);
    return is_trace ? attempt(load_and_compare, &diff) : load_and_compare(&diff, false);
}
