/* Tests of the wait reasons' names: part of the trace format. */
#include "base/wait.h"

#include <string.h>
#include <sys/stat.h>

#include "cmocka_headers.h"

static void every_reason_has_its_own_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= WAIT_STDIO; i++) {
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(wait_reason_name(i), wait_reason_name(k));
    }
    assert_string_equal(wait_reason_name(WAIT_MUTEX), "mutex");
    assert_string_equal(wait_reason_name(WAIT_FLOCK), "flock");
}

static void reasons_nobody_knows_are_other(void **state)
{
    (void)state;
    assert_string_equal(wait_reason_name(WAIT_OTHER), "other");
    assert_string_equal(wait_reason_name(WAIT_STDIO + 1), "other");
    assert_string_equal(wait_reason_name(~0U), "other");
}

static void reads_and_writes_wait_for_what_their_descriptor_is(void **state)
{
    (void)state;
    assert_int_equal(wait_reason_by_mode(WAIT_READS, S_IFSOCK | 0600), WAIT_NET_READ);
    assert_int_equal(wait_reason_by_mode(WAIT_WRITES, S_IFSOCK | 0600), WAIT_NET_WRITE);
    assert_int_equal(wait_reason_by_mode(WAIT_READS, S_IFIFO), WAIT_PIPE);
    assert_int_equal(wait_reason_by_mode(WAIT_WRITES, 0600), WAIT_PIPE);
    assert_int_equal(wait_reason_by_mode(WAIT_READS, S_IFREG), WAIT_FILE_IO);
    assert_int_equal(wait_reason_by_mode(WAIT_POLL, S_IFREG), WAIT_POLL);
}

static void values_of_the_trace_format_stay(void **state)
{
    (void)state;
    assert_int_equal(WAIT_COND, 4);
    assert_int_equal(WAIT_SLEEP, 11);
    assert_int_equal(WAIT_POLL, 16);
    assert_int_equal(WAIT_FLOCK, 22);
    assert_int_equal(WAIT_STDIO, 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_its_own_name),
        cmocka_unit_test(reasons_nobody_knows_are_other),
        cmocka_unit_test(reads_and_writes_wait_for_what_their_descriptor_is),
        cmocka_unit_test(values_of_the_trace_format_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
