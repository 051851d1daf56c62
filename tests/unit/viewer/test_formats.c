/* The table of outputs. */
#include "fixture.h"

static void format_is_found_by_name_and_by_ending(void **state)
{
    (void)state;
    assert_string_equal(format_by_name("svg")->name, "svg");
    assert_null(format_by_name("SVG"));
    assert_string_equal(format_by_path("/tmp/x.svg")->name, "svg");
    assert_string_equal(format_by_path("report.html")->name, "html");
    assert_string_equal(format_by_path("out.folded")->name, "folded");
    assert_string_equal(format_by_path("out.txt")->name, "text");
    assert_string_equal(format_by_path("out.pb.gz")->name, "pprof");
    assert_string_equal(format_by_path("a/out.speedscope.json")->name, "speedscope");
}

static void ending_that_means_nothing_finds_nothing(void **state)
{
    (void)state;
    assert_null(format_by_path("out"));
    assert_null(format_by_path("out."));
    assert_null(format_by_path("out.sv"));
    assert_null(format_by_path("folder.svg/out"));
    assert_null(format_by_path("folder/.svg"));
    assert_null(format_by_path("out.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_is_found_by_name_and_by_ending),
        cmocka_unit_test(ending_that_means_nothing_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
