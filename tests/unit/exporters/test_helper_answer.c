/* helper_answer: what a helper said is judged before it is trusted. */
#include "exporters/helper_answer.h"

#include <errno.h>
#include <string.h>

#include "cmocka_headers.h"

static int answer(const char *text, size_t *ret_head, char why[HELPER_WHY_BYTES])
{
    *ret_head = 99;
    why[0] = 0;
    return helper_answer(text, ret_head, why);
}

static void ok_tells_where_the_body_begins(void **state)
{
    (void)state;
    size_t head;
    char why[HELPER_WHY_BYTES];
    assert_int_equal(answer("ok\nbody", &head, why), 0);
    assert_int_equal(head, 3);
    assert_int_equal(answer("ok\n", &head, why), 0);
    assert_int_equal(head, 3);
}

static void error_gives_its_number_and_its_words(void **state)
{
    (void)state;
    size_t head;
    char why[HELPER_WHY_BYTES];
    assert_int_equal(answer("error 2 no daemon here\nmore", &head, why), -ENOENT);
    assert_string_equal(why, "no daemon here");
    assert_int_equal(answer("error 5 \n", &head, why), -EIO);
    assert_string_equal(why, "");
}

static void what_is_neither_is_a_failure(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "o",
                                        "ok",
                                        "okay\n",
                                        "error 2 cut",
                                        "error -2 x\n",
                                        "error x\n",
                                        "error \n",
                                        "error 2\n",
                                        "error\n",
                                        "error 99999999999 x\n"};
    size_t head;
    char why[HELPER_WHY_BYTES];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(answer(texts[i], &head, why), -EIO);
        assert_string_equal(why, "the recorder failed");
        assert_int_equal(head, 99);
    }
}

static void long_words_are_cut(void **state)
{
    (void)state;
    size_t head;
    char text[1000] = "error 1 ", why[HELPER_WHY_BYTES];
    memset(text + 8, 'x', sizeof(text) - 10);
    text[sizeof(text) - 2] = '\n';
    assert_int_equal(answer(text, &head, why), -EPERM);
    assert_int_equal(strlen(why), HELPER_WHY_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ok_tells_where_the_body_begins),
        cmocka_unit_test(error_gives_its_number_and_its_words),
        cmocka_unit_test(what_is_neither_is_a_failure),
        cmocka_unit_test(long_words_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
