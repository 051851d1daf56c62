/* Tests of adding samples. */
#include "fixture.h"

struct setup {
    struct profile *p;
    uint32_t leaf, caller;
};

static struct setup start(void)
{
    struct setup s = {.p = new_cpu_profile()};
    if (!s.p)
        abort(); /* clang-tidy doesn't know that a failed assertion leaves */
    s.leaf = add_frame(s.p, "leaf", 0x400010);
    s.caller = add_frame(s.p, "caller", 0x400020);
    return s;
}

static void samples_of_one_stack_are_summed(void **state)
{
    (void)state;
    struct setup s = start();
    struct profile *p CLEANUP(profile_freep) = s.p;
    const uint32_t stack[] = {s.leaf, s.caller};
    profile_add_sample(p, stack, 2, NULL, 0, (const int64_t[]){1, 10});
    profile_add_sample(p, stack, 2, NULL, 0, (const int64_t[]){2, -30});
    profile_add_sample(p, stack, 1, NULL, 0, (const int64_t[]){4, 40});
    assert_int_equal(p->samples.count, 2);
    assert_int_equal(p->values.data[p->samples.data[0].first_value], 3);
    assert_int_equal(p->values.data[p->samples.data[0].first_value + 1], -20);
    assert_int_equal(p->values.data[p->samples.data[1].first_value], 4);
    assert_int_equal(p->samples.data[1].location_count, 1);
}

static void labels_tell_samples_apart_whatever_their_order(void **state)
{
    (void)state;
    struct setup s = start();
    struct profile *p CLEANUP(profile_freep) = s.p;
    uint32_t thread = profile_string(p, "thread"), worker = profile_string(p, "worker");
    uint32_t tid = profile_string(p, "tid"), id = profile_string(p, "id");
    const struct profile_label one[] = {{thread, worker, 0, 0}, {tid, 0, 7, id}};
    const struct profile_label swapped[] = {{tid, 0, 7, id}, {thread, worker, 0, 0}};
    const struct profile_label other[] = {{tid, 0, 8, id}, {thread, worker, 0, 0}};
    const int64_t values[] = {1, 10};
    profile_add_sample(p, &s.leaf, 1, one, 2, values);
    profile_add_sample(p, &s.leaf, 1, swapped, 2, values);
    profile_add_sample(p, &s.leaf, 1, other, 2, values);
    profile_add_sample(p, &s.leaf, 1, NULL, 0, values);
    assert_int_equal(p->samples.count, 3);
    assert_int_equal(p->values.data[p->samples.data[0].first_value], 2);
    assert_int_equal(p->labels.count, 4);
}

static void a_number_without_a_unit_gets_one(void **state)
{
    (void)state;
    struct setup s = start();
    struct profile *p CLEANUP(profile_freep) = s.p;
    const struct profile_label labels[] = {{profile_string(p, "bytes"), 0, 0, 0}};
    const struct profile_label others[] = {{profile_string(p, "retries"), 0, 0, 0}};
    profile_add_sample(p, &s.leaf, 1, labels, 1, (const int64_t[]){1, 10});
    profile_add_sample(p, &s.leaf, 1, others, 1, (const int64_t[]){1, 10});
    assert_int_equal(p->samples.count, 2);
    assert_string_equal(profile_text(p, p->labels.data[0].unit), "bytes");
    assert_string_equal(profile_text(p, p->labels.data[1].unit), "count");
}

static void a_text_label_carries_no_number(void **state)
{
    (void)state;
    struct setup s = start();
    struct profile *p CLEANUP(profile_freep) = s.p;
    uint32_t text = profile_string(p, "text");
    const struct profile_label label = {text, text, 5, text};
    profile_add_sample(p, &s.leaf, 1, &label, 1, (const int64_t[]){1, 10});
    assert_int_equal(p->labels.data[0].number, 0);
    assert_int_equal(p->labels.data[0].unit, 0);
}

static void sums_stop_at_the_ends_of_the_number_line(void **state)
{
    (void)state;
    struct setup s = start();
    struct profile *p CLEANUP(profile_freep) = s.p;
    for (int i = 0; i < 2; i++)
        profile_add_sample(p, &s.leaf, 1, NULL, 0, (const int64_t[]){INT64_MAX, INT64_MIN});
    assert_true(p->values.data[0] == INT64_MAX);
    assert_true(p->values.data[1] == INT64_MIN);
}

static void an_unknown_location_is_refused(void **state)
{
    (void)state;
    struct setup s = start();
    struct profile *p CLEANUP(profile_freep) = s.p;
    const uint32_t stack[] = {s.leaf, 2};
    profile_add_sample(p, stack, 2, NULL, 0, (const int64_t[]){1, 1});
    assert_int_equal(p->error, -EINVAL);
    assert_int_equal(p->samples.count, 0);
}

static void a_sample_before_any_type_is_refused(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    if (!p)
        abort();
    profile_add_sample(p, NULL, 0, NULL, 0, NULL);
    assert_int_equal(p->error, -EINVAL);
}

static void an_empty_stack_is_a_sample_like_others(void **state)
{
    (void)state;
    struct setup s = start();
    struct profile *p CLEANUP(profile_freep) = s.p;
    profile_add_sample(p, NULL, 0, NULL, 0, (const int64_t[]){1, 1});
    profile_add_sample(p, NULL, 0, NULL, 0, (const int64_t[]){1, 1});
    assert_int_equal(p->error, 0);
    assert_int_equal(p->samples.count, 1);
    assert_int_equal(p->values.data[0], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_of_one_stack_are_summed),
        cmocka_unit_test(labels_tell_samples_apart_whatever_their_order),
        cmocka_unit_test(a_number_without_a_unit_gets_one),
        cmocka_unit_test(a_text_label_carries_no_number),
        cmocka_unit_test(sums_stop_at_the_ends_of_the_number_line),
        cmocka_unit_test(an_unknown_location_is_refused),
        cmocka_unit_test(a_sample_before_any_type_is_refused),
        cmocka_unit_test(an_empty_stack_is_a_sample_like_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
