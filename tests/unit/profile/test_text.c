/* Tests of the string table. */
#include "fixture.h"

static void check_text(const char *given, size_t len, const char *expected)
{
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    uint32_t index = profile_string_n(p, given, len);
    assert_string_equal(profile_text(p, index), expected);
    assert_int_equal(p->error, 0);
}
#define CHECK_TEXT(given, expected) check_text((given), sizeof(given) - 1, (expected))

static void index_zero_is_the_empty_string(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    assert_int_equal(p->strings.count, 1);
    assert_int_equal(profile_string(p, ""), 0);
    assert_int_equal(profile_string(p, NULL), 0);
    assert_int_equal(profile_string_n(p, NULL, 0), 0);
    assert_string_equal(profile_text(p, 0), "");
}

static void equal_strings_have_one_index(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    uint32_t first = profile_string(p, "main");
    assert_int_not_equal(profile_string(p, "mail"), first);
    assert_int_equal(profile_string_n(p, "mainly", 4), first);
    assert_int_equal(p->strings.count, 3);
}

static void text_out_of_range_is_empty(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    assert_string_equal(profile_text(p, 1), "");
    assert_string_equal(profile_text(p, UINT32_MAX), "");
}

static void valid_utf8_is_kept(void **state)
{
    (void)state;
    CHECK_TEXT("plain", "plain");
    CHECK_TEXT("\xC2\x80\xDF\xBF", "\xC2\x80\xDF\xBF");
    CHECK_TEXT("\xE0\xA0\x80\xED\x9F\xBF\xEF\xBF\xBF", "\xE0\xA0\x80\xED\x9F\xBF\xEF\xBF\xBF");
    CHECK_TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    (void)state;
    CHECK_TEXT("a\xFFz", "a\xEF\xBF\xBDz");
    CHECK_TEXT("a\xFF\xFE\x80z", "a\xEF\xBF\xBDz");
    CHECK_TEXT("\xC0\xAF", "\xEF\xBF\xBD");         /* overlong '/' */
    CHECK_TEXT("\xE0\x9F\xBF", "\xEF\xBF\xBD");     /* overlong */
    CHECK_TEXT("\xED\xA0\x80", "\xEF\xBF\xBD");     /* surrogate */
    CHECK_TEXT("\xF4\x90\x80\x80", "\xEF\xBF\xBD"); /* above U+10FFFF */
    CHECK_TEXT("\xE2\x82", "\xEF\xBF\xBD");         /* cut short */
    CHECK_TEXT("\xFFy\xFF", "\xEF\xBF\xBDy\xEF\xBF\xBD");
}

static void a_nul_inside_becomes_a_replacement_character(void **state)
{
    (void)state;
    CHECK_TEXT("a\0b", "a\xEF\xBF\xBD"
                       "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(index_zero_is_the_empty_string),
        cmocka_unit_test(equal_strings_have_one_index),
        cmocka_unit_test(text_out_of_range_is_empty),
        cmocka_unit_test(valid_utf8_is_kept),
        cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(a_nul_inside_becomes_a_replacement_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
