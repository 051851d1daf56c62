/* Values in requests mean what they mean to Go. */
#include "cmocka_headers.h"

#include "exporters/http/request.h"

#include <errno.h>
#include <string.h>

static int64_t seconds_of(const char *query)
{
    struct http_request request = {.method = "GET", .query = query, .content_type = "", .body = ""};
    return http_profile_seconds(&request, 100000);
}

static void seconds_are_parsed_as_go_does(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        int64_t seconds;
    } rows[] = {
        {"", 30},
        {"seconds=5", 5},
        {"x=1&seconds=7&seconds=9", 7},
        {"seconds=", 30},
        {"seconds=0", 30},
        {"seconds=-5", 30},
        {"seconds=1.5", 30},
        {"seconds=5s", 30},
        {"seconds=%35", 5},
        {"seconds=%2B5", 5},
        {"seconds=+5", 30}, /* a plus is a space */
        {"seconds=007", 7},
        {"seconds=1_0", 30},
        {"seconds=%zz&seconds=4", 4}, /* a broken pair is no pair */
        {"seconds=3;x=1", 30},
        {"sec%6Fnds=6", 6},
        {"Seconds=6", 30},
        {"seconds=9223372036854775807", 100000},
        {"seconds=9223372036854775808", 30},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(seconds_of(rows[i].query), rows[i].seconds);
}

static void posted_form_goes_before_the_query(void **state)
{
    (void)state;
    struct http_request request = {.method = "POST",
                                   .query = "seconds=2",
                                   .content_type = "application/x-www-form-urlencoded; charset=utf-8",
                                   .body = "seconds=9"};
    assert_int_equal(http_profile_seconds(&request, 100), 9);
    request.content_type = "text/plain";
    assert_int_equal(http_profile_seconds(&request, 100), 2);
}

static void value_that_does_not_fit_is_no_value(void **state)
{
    (void)state;
    struct http_request request = {.method = "GET", .query = "a=1234", .content_type = "", .body = ""};
    char value[5] = "x";
    assert_true(http_form_value(&request, "a", value, 5));
    assert_string_equal(value, "1234");
    assert_false(http_form_value(&request, "a", value, 4));
    assert_string_equal(value, "");
}

static void integers_have_gos_limits(void **state)
{
    (void)state;
    int64_t value = 1;
    assert_int_equal(http_parse_int("-9223372036854775808", &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(http_parse_int("-9223372036854775809", &value), -ERANGE);
    assert_int_equal(http_parse_int("", &value), -EINVAL);
    assert_int_equal(http_parse_int("-", &value), -EINVAL);
    assert_int_equal(http_parse_int(" 1", &value), -EINVAL);
    assert_true(value == INT64_MIN);
}

static void program_counters_have_any_base(void **state)
{
    (void)state;
    assert_int_equal(http_parse_pc("0x1F", 4), 0x1f);
    assert_int_equal(http_parse_pc("0x1F", 3), 1);
    assert_int_equal(http_parse_pc("31", 2), 31);
    assert_int_equal(http_parse_pc("037", 3), 31);
    assert_int_equal(http_parse_pc("0b11111", 7), 31);
    assert_int_equal(http_parse_pc("0o37", 4), 31);
    assert_int_equal(http_parse_pc("1f", 2), 0);
    assert_int_equal(http_parse_pc("0x", 2), 0);
    assert_int_equal(http_parse_pc("", 0), 0);
    assert_true(http_parse_pc("0x1ffffffffffffffff", 19) == UINT64_MAX);
}

static void only_names_that_no_name_server_gives_are_safe_hosts(void **state)
{
    (void)state;
    static const char *const safe[] = {
        "",           "localhost", "LocalHost:6060", "127.0.0.1",   "127.0.0.1:80",
        "10.1.2.3:1", "[::1]",     "[::1]:6060",     "[fe80::1]:1", "127.0.0.1:"};
    static const char *const unsafe[] = {"example.com",
                                         "example.com:6060",
                                         "localhost.example.com",
                                         "127.0.0.1.nip.io",
                                         "[::1",
                                         "[example]:1",
                                         "::1",
                                         "localhost:x",
                                         "127.0.0.1:80:80",
                                         "[::1]x",
                                         "[::1].example.com",
                                         "0x7f.1"};
    assert_true(http_host_is_safe(NULL));
    for (size_t i = 0; i < ARRAY_SIZE(safe); i++)
        assert_true(http_host_is_safe(safe[i]));
    for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
        assert_false(http_host_is_safe(unsafe[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_parsed_as_go_does),
        cmocka_unit_test(posted_form_goes_before_the_query),
        cmocka_unit_test(value_that_does_not_fit_is_no_value),
        cmocka_unit_test(integers_have_gos_limits),
        cmocka_unit_test(program_counters_have_any_base),
        cmocka_unit_test(only_names_that_no_name_server_gives_are_safe_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
