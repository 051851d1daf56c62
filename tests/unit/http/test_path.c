/* Paths and escapes come out as Go makes them. */
#include "cmocka_headers.h"

#include "exporters/http/path.h"

#include <stdio.h>
#include <string.h>

static void paths_are_cleaned_as_go_does(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/", "/"},         {"//", "/"},
        {"/a", "/a"},       {"/a/", "/a/"},
        {"/a//b", "/a/b"},  {"//a///b//", "/a/b/"},
        {"/a/./b", "/a/b"}, {"/./", "/"},
        {"/a/.", "/a"},     {"/a/./", "/a/"},
        {"/a/..", "/"},     {"/a/../", "/"},
        {"/a/b/..", "/a"},  {"/a/b/../", "/a/"},
        {"/../../a", "/a"}, {"/a/../../b/c", "/b/c"},
        {"/...", "/..."},   {"/a..b/.c", "/a..b/.c"},
        {"/..", "/"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s", rows[i][0]);
        http_path_clean(path);
        assert_string_equal(path, rows[i][1]);
    }
}

static void path_bytes_are_escaped_as_go_does(void **state)
{
    (void)state;
    struct bytes out;
    bytes_init(&out, 1000);
    http_path_escape(&out, "/a b?c#d%e\"f-_.~$&+,:;=@\xff");
    assert_string_equal(bytes_text(&out), "/a%20b%3Fc%23d%25e%22f-_.~$&+,:;=@%FF");
    bytes_clear(&out);
}

static void text_is_harmless_in_html(void **state)
{
    (void)state;
    struct bytes out;
    bytes_init(&out, 1000);
    http_html_escape(&out, "<a href='x'>&\"</a>y");
    assert_string_equal(bytes_text(&out), "&lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt;y");
    bytes_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_cleaned_as_go_does),
        cmocka_unit_test(path_bytes_are_escaped_as_go_does),
        cmocka_unit_test(text_is_harmless_in_html),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
