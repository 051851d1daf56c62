/* The text summary. */
#include "trace_fixture.h"

static void function_table_and_stacks_are_printed(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    struct profile *p = profile_new();
    assert_non_null(p);
    profile_add_type(p, "cpu", "nanoseconds");
    profile_add_comment(p, "from a test");
    bytes_init(&out, 1 << 20);
    report_begin(&report, &names);
    report.profile = p;
    add_stack(&report.graphs[0].tree, &names, "main;hot", 3000);
    add_stack(&report.graphs[0].tree, &names, "main", 1000);
    assert_int_equal(tree_finish(&report.graphs[0].tree), 0);
    assert_int_equal(write_text(&report, &default_options, &out), 0);
    assert_non_null(strstr(bytes_text(&out), "Comment: from a test\n"));
    assert_non_null(strstr(bytes_text(&out), "     3.00 µs  75.00%  75.00%     3.00 µs  75.00%  hot\n"));
    assert_non_null(strstr(bytes_text(&out), "     1.00 µs  25.00% 100.00%     4.00 µs 100.00%  main\n"));
    assert_non_null(strstr(bytes_text(&out), "     3.00 µs  75.00%  hot < main\n"));
    bytes_clear(&out);
    profile_free(p);
    report_end(&report);
}

static void terminal_commands_in_names_are_defused(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    struct profile *p = profile_new();
    assert_non_null(p);
    bytes_init(&out, 1 << 20);
    report_begin(&report, &names);
    report.profile = p;
    report.title = "\x1b]0;owned\x07";
    add_stack(&report.graphs[0].tree, &names, "\x1b[2Jclear", 3000);
    assert_int_equal(tree_finish(&report.graphs[0].tree), 0);
    assert_int_equal(write_text(&report, &default_options, &out), 0);
    assert_null(strchr(bytes_text(&out), '\x1b'));
    assert_non_null(strstr(bytes_text(&out), "[2Jclear"));
    bytes_clear(&out);
    profile_free(p);
    report_end(&report);
}

static void losses_are_named(void **state)
{
    (void)state;
    struct trace t;
    struct resolved resolved = {0};
    struct report report = {.title = "trace", .names = &t.names, .trace = &t, .resolved = &resolved};
    struct bytes out;
    bytes_init(&out, 1 << 20);
    trace_init(&t);
    FEED(&t, TRACE_LOSS, 1, 1, 1, .dropped_samples = 11, .dropped_stacks = 12, .truncated_stacks = 13);
    t.lost_events = 14;
    t.skipped_traces = 15;
    assert_int_equal(trace_finish(&t), 0);
    assert_int_equal(write_text(&report, &default_options, &out), 0);
    assert_non_null(strstr(bytes_text(&out), "11 samples dropped"));
    assert_non_null(strstr(bytes_text(&out), "12 stacks dropped"));
    assert_non_null(strstr(bytes_text(&out), "13 stacks truncated"));
    assert_non_null(strstr(bytes_text(&out), "14 events discarded"));
    assert_non_null(strstr(bytes_text(&out), "15 trace folders unreadable"));
    bytes_clear(&out);
    trace_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_table_and_stacks_are_printed),
        cmocka_unit_test(terminal_commands_in_names_are_defused),
        cmocka_unit_test(losses_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
