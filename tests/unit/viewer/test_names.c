/* The name table. */
#include "fixture.h"

static void equal_texts_have_one_number(void **state)
{
    (void)state;
    struct names names;
    names_init(&names);
    uint32_t main_id = names_add(&names, "main");
    assert_int_not_equal(main_id, names_add(&names, "other"));
    assert_int_equal(main_id, names_add(&names, "main"));
    assert_string_equal(names_text(&names, main_id), "main");
    assert_string_equal(names_text(&names, names_add(&names, NULL)), "");
    names_clear(&names);
}

static void unknown_number_is_other(void **state)
{
    (void)state;
    struct names names;
    names_init(&names);
    assert_string_equal(names_text(&names, 7), "[other]");
    assert_string_equal(names_text(&names, NAME_OTHER), "[other]");
    names_clear(&names);
}

static void long_name_is_cut_between_characters(void **state)
{
    (void)state;
    struct names names;
    char text[NAME_MAX_BYTES + 8];
    memset(text, 'a', sizeof(text));
    memcpy(text + NAME_MAX_BYTES - 1, "\xe2\x82\xac", 4);
    names_init(&names);
    assert_int_equal(strlen(names_text(&names, names_add(&names, text))), NAME_MAX_BYTES - 1);
    names_clear(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_one_number),
        cmocka_unit_test(unknown_number_is_other),
        cmocka_unit_test(long_name_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
