/* Tests of the clocks: units and origins. */
#include "base/clock.h"

#include "cmocka_headers.h"

static void clocks_are_in_nanoseconds_and_agree_with_the_kernels(void **state)
{
    (void)state;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    int64_t mono_ns = clock_mono_ns();
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(mono_ns >= before.tv_sec * INT64_C(1000000000) + before.tv_nsec);
    assert_true(mono_ns <= after.tv_sec * INT64_C(1000000000) + after.tv_nsec);
    clock_gettime(CLOCK_REALTIME, &before);
    int64_t real_ns = clock_real_ns();
    assert_true(real_ns / NS_PER_S - before.tv_sec <= 1);
    assert_true(real_ns / NS_PER_S >= before.tv_sec);
}

static void an_unknown_clock_reads_zero(void **state)
{
    (void)state;
    assert_int_equal(clock_ns((clockid_t)0x7ffffff8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_are_in_nanoseconds_and_agree_with_the_kernels),
        cmocka_unit_test(an_unknown_clock_reads_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
