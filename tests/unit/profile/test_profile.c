/* Tests of a profile's life. */
#include "fixture.h"

#include "exporters/profile/array.h"

static void freeing_nothing_does_nothing(void **state)
{
    (void)state;
    struct profile *p = NULL;
    profile_free(p);
    profile_freep(&p);
    assert_null(p);
}

static void freep_forgets_the_profile(void **state)
{
    (void)state;
    struct profile *p = profile_new();
    assert_non_null(p);
    profile_freep(&p);
    assert_null(p);
}

static void the_first_failure_sticks(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    profile_fail(p, -E2BIG);
    profile_fail(p, -ENOMEM);
    assert_int_equal(p->error, -E2BIG);
}

static void a_failed_profile_takes_and_gives_nothing(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    size_t strings = p->strings.count;
    profile_fail(p, -ENOMEM);
    assert_int_equal(profile_string(p, "fresh"), 0);
    add_leaf(p, add_frame(p, "main", 0x400010), 1);
    profile_add_comment(p, "comment");
    assert_int_equal(p->strings.count, strings);
    assert_int_equal(p->samples.count, 0);
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, MAX_BYTES);
    assert_int_equal(profile_encode(p, &out), -ENOMEM);
    assert_int_equal(out.len, 0);
}

static void an_array_never_outgrows_its_indexes(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    size_t room = 0;
    assert_null(profile_grown(p, NULL, 0, &room, 1, PROFILE_NONE));
    assert_int_equal(p->error, -E2BIG);
    assert_int_equal(room, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freeing_nothing_does_nothing),
        cmocka_unit_test(freep_forgets_the_profile),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(a_failed_profile_takes_and_gives_nothing),
        cmocka_unit_test(an_array_never_outgrows_its_indexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
