/* Escaping. */
#include "fixture.h"
#include "viewer/formats/xml.h"

static void assert_escaped(const char *text, const char *expected)
{
    struct bytes out;
    bytes_init(&out, 4096);
    xml_put(&out, text);
    assert_string_equal(bytes_text(&out), expected);
    bytes_clear(&out);
}

static void markup_becomes_text(void **state)
{
    (void)state;
    assert_escaped("</title><script>alert(1)</script>",
                   "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_escaped("a\"b'c&d", "a&quot;b&#39;c&amp;d");
    assert_escaped("]]>", "]]&gt;");
    assert_escaped("std::vector<int>", "std::vector&lt;int&gt;");
}

static void what_xml_forbids_is_replaced(void **state)
{
    (void)state;
    assert_escaped("a\x01"
                   "b\x1b[2J",
                   "a\xef\xbf\xbd"
                   "b\xef\xbf\xbd[2J");
    assert_escaped("line\nend\ttab", "line end tab");
    assert_escaped("\xef\xbf\xbf", "\xef\xbf\xbd");
    assert_escaped("\xed\xa0\x80", "\xef\xbf\xbd"); /* a surrogate */
    assert_escaped("\xe2\x80\xae", "\xef\xbf\xbd"); /* right-to-left override */
}

static void broken_utf8_is_replaced_and_the_rest_stays(void **state)
{
    (void)state;
    assert_escaped("\xff<", "\xef\xbf\xbd&lt;");
    assert_escaped("\xc0\xbcz", "\xef\xbf\xbd\xef\xbf\xbdz"); /* overlong '<' */
    assert_escaped("x\xe2\x82", "x\xef\xbf\xbd\xef\xbf\xbd");
    assert_escaped("gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\xa5", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x94\xa5");
}

static void assert_cut(const char *text, size_t cells, const char *expected)
{
    struct bytes out;
    bytes_init(&out, 4096);
    xml_put_cells(&out, text, cells);
    assert_string_equal(bytes_text(&out), expected);
    bytes_clear(&out);
}

static void cut_text_fits_its_columns(void **state)
{
    (void)state;
    assert_cut("abcdef", 6, "abcdef");
    assert_cut("abcdefg", 6, "abcde\xe2\x80\xa6");
    assert_cut("<<<<", 3, "&lt;&lt;\xe2\x80\xa6");
    assert_cut("\xe7\x81\xab\xe7\x81\xab\xe7\x81\xab", 5, "\xe7\x81\xab\xe7\x81\xab\xe2\x80\xa6");
    assert_cut("\xe7\x81\xab\xe7\x81\xab\xe7\x81\xab", 4, "\xe7\x81\xab\xe2\x80\xa6");
    assert_cut("\xe7\x81\xab\xe7\x81\xab", 4, "\xe7\x81\xab\xe7\x81\xab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_becomes_text),
        cmocka_unit_test(what_xml_forbids_is_replaced),
        cmocka_unit_test(broken_utf8_is_replaced_and_the_rest_stays),
        cmocka_unit_test(cut_text_fits_its_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
