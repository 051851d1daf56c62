/* The flame graph picture. */
#include "fixture.h"
#include "viewer/formats/svg_palette.h"

#include <stdio.h>

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void draw(struct report *report, const struct format_options *options, struct bytes *out)
{
    bytes_init(out, 1 << 24);
    for (size_t i = 0; i < report->graph_count; i++)
        assert_int_equal(tree_finish(&report->graphs[i].tree), 0);
    assert_int_equal(write_svg(report, options, out), 0);
}

static void widths_are_exact_and_the_root_is_below(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    report_begin(&report, &names);
    add_stack(&report.graphs[0].tree, &names, "a", 25);
    add_stack(&report.graphs[0].tree, &names, "b", 75);
    draw(&report, &default_options, &out);
    /* 1200 px less 2 * 12 px of margin: 1176, of which a has a quarter. */
    assert_non_null(
        strstr(bytes_text(&out), "<rect x=\"12.0000\" y=\"112\" width=\"294.0000\" height=\"17\"/>"));
    assert_non_null(
        strstr(bytes_text(&out), "<rect x=\"306.0000\" y=\"112\" width=\"882.0000\" height=\"17\"/>"));
    assert_non_null(
        strstr(bytes_text(&out), "<rect x=\"12.0000\" y=\"130\" width=\"1176.0000\" height=\"17\"/>"));
    assert_non_null(
        strstr(bytes_text(&out), "<title>a\ntotal 25 ns (25.00 %)\nself 25 ns (25.00 %)</title>"));
    bytes_clear(&out);
    report_end(&report);
}

static void inverted_picture_has_the_root_above(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    struct format_options options = default_options;
    options.is_inverted = true;
    report_begin(&report, &names);
    add_stack(&report.graphs[0].tree, &names, "a", 25);
    draw(&report, &options, &out);
    const char *root = strstr(bytes_text(&out), "data-d=\"0\"");
    assert_non_null(root);
    assert_ptr_equal(strstr(root, "y=\"112\""), strstr(root, "y=\""));
    bytes_clear(&out);
    report_end(&report);
}

static void hostile_names_stay_text(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    report_begin(&report, &names);
    report.title = "\"><script>alert(0)</script>";
    report.graphs[0].title = "</text><script>alert(1)</script>";
    add_stack(&report.graphs[0].tree, &names, "</title><script>alert(2)</script>", 10);
    add_stack(&report.graphs[0].tree, &names, "]]></style><img onerror=alert(3)>", 10);
    draw(&report, &default_options, &out);
    assert_int_equal(occurrences(bytes_text(&out), "<script"), 1);
    assert_int_equal(occurrences(bytes_text(&out), "</script"), 1);
    assert_int_equal(occurrences(bytes_text(&out), "]]>"), 1);
    assert_null(strstr(bytes_text(&out), "<img"));
    bytes_clear(&out);
    report_end(&report);
}

static void boxes_are_limited_and_the_picture_says_so(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    struct format_options options = default_options;
    options.max_boxes = 11;
    report_begin(&report, &names);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof(name), "f%d", i);
        add_stack(&report.graphs[0].tree, &names, name, i < 10 ? 90 : 1);
    }
    draw(&report, &options, &out);
    assert_int_equal(occurrences(bytes_text(&out), "<g class=\"b "), 11);
    assert_non_null(strstr(bytes_text(&out), "90 narrowest boxes left out (9.09 % of the width)"));
    bytes_clear(&out);
    report_end(&report);
}

static void empty_graph_says_that_nothing_was_recorded(void **state)
{
    (void)state;
    struct names names;
    struct report report;
    struct bytes out;
    report_begin(&report, &names);
    draw(&report, &default_options, &out);
    assert_non_null(strstr(bytes_text(&out), "Nothing was recorded."));
    assert_int_equal(occurrences(bytes_text(&out), "<g class=\"b "), 0);
    bytes_clear(&out);
    report_end(&report);
}

static void colour_depends_on_the_name_alone(void **state)
{
    (void)state;
    char first[SVG_CLASS_SIZE], again[SVG_CLASS_SIZE];
    assert_string_equal(svg_class("main", false, false, first), svg_class("main", false, false, again));
    assert_int_equal(svg_class("main", false, true, first)[0], 'c');
    assert_int_equal(svg_class("main", false, false, first)[0], 'w');
    assert_string_equal(svg_class("[mutex]", false, true, first), "q");
    assert_int_equal(svg_class("[vdso]+0x5", false, false, first)[0], 'w');
    assert_string_equal(svg_class("all", true, true, first), "r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_exact_and_the_root_is_below),
        cmocka_unit_test(inverted_picture_has_the_root_above),
        cmocka_unit_test(hostile_names_stay_text),
        cmocka_unit_test(boxes_are_limited_and_the_picture_says_so),
        cmocka_unit_test(empty_graph_says_that_nothing_was_recorded),
        cmocka_unit_test(colour_depends_on_the_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
