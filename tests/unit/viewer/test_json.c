/* JSON strings. */
#include "fixture.h"
#include "viewer/formats/json.h"

static void expect(const char *text, const char *json)
{
    struct bytes out;
    bytes_init(&out, 4096);
    json_put(&out, text);
    assert_string_equal(bytes_text(&out), json);
    bytes_clear(&out);
}

static void text_is_quoted_and_escaped(void **state)
{
    (void)state;
    expect("", "\"\"");
    expect("a \"b\" \\ c", "\"a \\\"b\\\" \\\\ c\"");
    expect("line\nbreak\t", "\"line\\u000abreak\\u0009\"");
    expect("\xc3\xa4\xe2\x82\xac", "\"\xc3\xa4\xe2\x82\xac\"");
}

static void what_is_no_text_or_ends_a_script_is_made_harmless(void **state)
{
    (void)state;
    expect("\x1b[2J\xff", "\"\xef\xbf\xbd[2J\xef\xbf\xbd\"");
    expect("</script>", "\"\\u003c/script>\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_quoted_and_escaped),
        cmocka_unit_test(what_is_no_text_or_ends_a_script_is_made_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
