/* Tests of reading bytes that others, or adversaries, wrote. */
#include "fixture.h"

/* A small valid message: strings "", "cpu"; one type; mapping 1, function 1, location 1. No sample, no time.
 */
static void put_base(struct bytes *out)
{
    put_text(out, STRING, "");
    put_text(out, STRING, "cpu");
    PUT_NUMBERS(out, SAMPLE_TYPE, {1, 1}, {2, 1});
    PUT_NUMBERS(out, MAPPING, {1, 1}, {2, 0x1000}, {3, 0x2000});
    PUT_NUMBERS(out, FUNCTION, {1, 1}, {2, 1});
    PUT_NUMBERS(out, LOCATION, {1, 1}, {2, 1}, {3, 0x1000});
}

static void start(struct bytes *out)
{
    bytes_init(out, MAX_BYTES);
    put_base(out);
}

static void check_refused(const struct bytes *wire, int error, const char *sentence_part)
{
    struct profile *p = NULL;
    const char *why = NULL;
    assert_int_equal(profile_decode(wire->data, wire->len, MAX_BYTES, &p, &why), error);
    assert_null(p);
    assert_non_null(why);
    if (!strstr(why, sentence_part))
        fail_msg("\"%s\" does not speak of \"%s\"", why, sentence_part);
}

static struct profile *decoded(const struct bytes *wire)
{
    struct profile *p = NULL;
    const char *why = "";
    if (profile_decode(wire->data, wire->len, MAX_BYTES, &p, &why))
        fail_msg("refused: %s", why);
    return p;
}

static void the_base_of_these_tests_is_valid(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear);
    start(&wire);
    PUT_NUMBERS(&wire, SAMPLE, {1, 1}, {2, 5});
    struct profile *p CLEANUP(profile_freep) = decoded(&wire);
    assert_int_equal(p->samples.count, 1);
    assert_int_equal(p->values.data[0], 5);
}

static void nothing_and_garbage_are_refused(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear);
    bytes_init(&wire, MAX_BYTES);
    check_refused(&wire, -EINVAL, "empty");
    bytes_puts(&wire, "<html>not a profile</html>");
    check_refused(&wire, -EINVAL, "not a profile");
}

static void the_reason_may_be_left_out(void **state)
{
    (void)state;
    struct profile *p = NULL;
    assert_int_equal(profile_decode("x", 1, MAX_BYTES, &p, NULL), -EINVAL);
    assert_null(p);
}

static void the_first_string_must_be_empty(void **state)
{
    (void)state;
    struct bytes none CLEANUP(bytes_clear), wrong CLEANUP(bytes_clear);
    bytes_init(&none, MAX_BYTES);
    bytes_init(&wrong, MAX_BYTES);
    PUT_NUMBERS(&none, MAPPING, {1, 1});
    check_refused(&none, -EINVAL, "empty string");
    put_text(&wrong, STRING, "cpu");
    check_refused(&wrong, -EINVAL, "empty string");
}

static void strings_out_of_range_are_refused_everywhere(void **state)
{
    (void)state;
    static const struct {
        unsigned field;
        int64_t pairs[2][2];
    } cases[] = {
        {SAMPLE_TYPE, {{1, 2}}},      {SAMPLE_TYPE, {{2, -1}}},     {MAPPING, {{1, 9}, {5, 2}}},
        {MAPPING, {{1, 9}, {6, 2}}},  {FUNCTION, {{1, 9}, {2, 2}}}, {FUNCTION, {{1, 9}, {3, INT64_MIN}}},
        {FUNCTION, {{1, 9}, {4, 2}}}, {PERIOD_TYPE, {{1, 2}}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bytes wire CLEANUP(bytes_clear);
        start(&wire);
        PUT_NUMBERS(&wire, cases[i].field, {cases[i].pairs[0][0], cases[i].pairs[0][1]},
                    {cases[i].pairs[1][0], cases[i].pairs[1][1]});
        check_refused(&wire, -EINVAL, "string");
    }
    static const unsigned scalars[] = {DROP, KEEP, 13, 14};
    for (size_t i = 0; i < ARRAY_SIZE(scalars); i++) {
        struct bytes wire CLEANUP(bytes_clear);
        start(&wire);
        put_number(&wire, scalars[i], 2);
        check_refused(&wire, -EINVAL, "string");
    }
}

static void ids_must_not_be_zero_or_repeated(void **state)
{
    (void)state;
    static const struct {
        unsigned field;
        int64_t id;
        const char *subject;
    } cases[] = {{MAPPING, 0, "mapping"},   {MAPPING, 1, "mapping"},   {FUNCTION, 0, "function"},
                 {FUNCTION, 1, "function"}, {LOCATION, 0, "location"}, {LOCATION, 1, "location"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bytes wire CLEANUP(bytes_clear);
        start(&wire);
        PUT_NUMBERS(&wire, cases[i].field, {1, cases[i].id});
        check_refused(&wire, -EINVAL, cases[i].subject);
    }
}

static void ids_may_be_any_other_numbers_in_any_order(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear), inner CLEANUP(bytes_clear);
    start(&wire);
    bytes_init(&inner, MAX_BYTES);
    PUT_NUMBERS(&wire, FUNCTION, {1, -1}, {2, 1}, {5, 33});
    PUT_NUMBERS(&wire, FUNCTION, {1, 77}, {2, 1}, {5, 44});
    put_number(&inner, 1, 500);
    PUT_NUMBERS(&inner, 4, {1, -1}, {2, 3});
    put_data(&wire, LOCATION, inner.data, inner.len);
    PUT_NUMBERS(&wire, SAMPLE, {1, 500}, {2, 5});
    struct profile *p CLEANUP(profile_freep) = decoded(&wire);
    const struct profile_location *leaf = &p->locations.data[p->sample_locations.data[0]];
    assert_int_equal(p->functions.data[p->lines.data[leaf->first_line].function].start_line, 33);
}

static void references_must_resolve(void **state)
{
    (void)state;
    struct bytes sample CLEANUP(bytes_clear), mapping CLEANUP(bytes_clear), line CLEANUP(bytes_clear);
    struct bytes nameless CLEANUP(bytes_clear);
    start(&sample);
    PUT_NUMBERS(&sample, SAMPLE, {1, 2}, {2, 5});
    check_refused(&sample, -EINVAL, "location does not exist");
    start(&mapping);
    PUT_NUMBERS(&mapping, LOCATION, {1, 2}, {2, 2});
    check_refused(&mapping, -EINVAL, "mapping does not exist");
    start(&line);
    put_data(&line, LOCATION, "\x08\x02\x22\x02\x08\x02", 6); /* id 2, a line of function 2 */
    check_refused(&line, -EINVAL, "function does not exist");
    start(&nameless);
    put_data(&nameless, LOCATION, "\x08\x02\x22\x02\x10\x05", 6); /* id 2, a line without a function */
    check_refused(&nameless, -EINVAL, "function does not exist");
}

static void samples_must_have_one_value_a_type(void **state)
{
    (void)state;
    struct bytes few CLEANUP(bytes_clear), many CLEANUP(bytes_clear), typeless CLEANUP(bytes_clear);
    start(&few);
    PUT_NUMBERS(&few, SAMPLE, {1, 1});
    check_refused(&few, -EINVAL, "one value");
    start(&many);
    PUT_NUMBERS(&many, SAMPLE, {2, 1}, {2, 1});
    check_refused(&many, -EINVAL, "one value");
    bytes_init(&typeless, MAX_BYTES);
    put_text(&typeless, STRING, "");
    put_data(&typeless, SAMPLE, "", 0);
    check_refused(&typeless, -EINVAL, "no sample types");
}

static void packed_and_single_numbers_are_both_read(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear), inner CLEANUP(bytes_clear);
    start(&wire);
    bytes_init(&inner, MAX_BYTES);
    put_data(&inner, 1, "\1\1", 2);
    put_number(&inner, 1, 1);
    put_data(&inner, 2, "\7", 1);
    put_data(&wire, SAMPLE, inner.data, inner.len);
    struct profile *p CLEANUP(profile_freep) = decoded(&wire);
    assert_int_equal(p->samples.data[0].location_count, 3);
    assert_int_equal(p->values.data[0], 7);
}

static void equal_samples_become_one(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear);
    start(&wire);
    PUT_NUMBERS(&wire, SAMPLE, {1, 1}, {2, INT64_MAX});
    PUT_NUMBERS(&wire, SAMPLE, {1, 1}, {2, 5});
    struct profile *p CLEANUP(profile_freep) = decoded(&wire);
    assert_int_equal(p->samples.count, 1);
    assert_true(p->values.data[0] == INT64_MAX);
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear), inner CLEANUP(bytes_clear);
    start(&wire);
    bytes_init(&inner, MAX_BYTES);
    put_number(&inner, 1, 2);
    PUT_NUMBERS(&inner, 4, {1, 1}, {2, 8}, {3, 15}); /* a line with a column */
    put_number(&inner, 5, 1);                        /* is_folded */
    put_data(&wire, LOCATION, inner.data, inner.len);
    PUT_NUMBERS(&wire, SAMPLE, {1, 2}, {2, 5});
    put_number(&wire, 15, 1); /* doc_url */
    put_text(&wire, 1000, "from the future");
    struct profile *p CLEANUP(profile_freep) = decoded(&wire);
    assert_int_equal(p->lines.count, 1);
    assert_int_equal(p->lines.data[0].line, 8);
}

static void labels_that_say_nothing_are_left_out(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear), inner CLEANUP(bytes_clear);
    start(&wire);
    bytes_init(&inner, MAX_BYTES);
    put_number(&inner, 2, 5);
    PUT_NUMBERS(&inner, 3, {1, 1});
    PUT_NUMBERS(&inner, 3, {1, 1}, {4, 1});
    put_data(&wire, SAMPLE, inner.data, inner.len);
    struct profile *p CLEANUP(profile_freep) = decoded(&wire);
    assert_int_equal(p->samples.data[0].label_count, 1);
    assert_string_equal(profile_text(p, p->labels.data[0].unit), "cpu");
}

static void concatenated_profiles_are_refused(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    add_leaf(p, add_frame(p, "f", 0x400010), 1);
    p->time_ns = 1700000000000000000;
    struct bytes plain CLEANUP(bytes_clear), packed CLEANUP(bytes_clear);
    bytes_init(&plain, MAX_BYTES);
    bytes_init(&packed, MAX_BYTES);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(profile_encode(p, &plain), 0);
        assert_int_equal(profile_encode_gzip(p, &packed), 0);
    }
    check_refused(&plain, -EINVAL, "concatenated");
    check_refused(&packed, -EINVAL, "concatenated");
}

static void a_cut_off_file_is_refused_at_every_length(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    add_leaf(p, add_frame(p, "f", 0x400010), 1);
    struct bytes packed CLEANUP(bytes_clear);
    bytes_init(&packed, MAX_BYTES);
    assert_int_equal(profile_encode_gzip(p, &packed), 0);
    while (packed.len > 2) {
        packed.len--;
        check_refused(&packed, -EINVAL, "cut short");
    }
}

static void the_size_cap_holds_for_both_forms(void **state)
{
    (void)state;
    struct bytes wire CLEANUP(bytes_clear), packed CLEANUP(bytes_clear);
    start(&wire);
    bytes_init(&packed, MAX_BYTES);
    assert_int_equal(gzip_bytes(wire.data, wire.len, &packed), 0);
    const struct bytes *forms[] = {&wire, &packed};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct profile *p CLEANUP(profile_freep) = NULL;
        const char *why = NULL;
        assert_int_equal(profile_decode(forms[i]->data, forms[i]->len, wire.len - 1, &p, &why), -EFBIG);
        assert_non_null(strstr(why, "larger than allowed"));
        assert_int_equal(profile_decode(forms[i]->data, forms[i]->len, wire.len, &p, &why), 0);
    }
}

/* Two bytes a piece on the wire, over a hundred in memory. */
static void amplified_memory_is_refused(void **state)
{
    (void)state;
    static const unsigned fields[] = {SAMPLE, LOCATION, STRING, 200};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        struct bytes wire CLEANUP(bytes_clear);
        bytes_init(&wire, MAX_BYTES);
        while (wire.len < MAX_BYTES - 8)
            put_data(&wire, fields[i], "", 0);
        check_refused(&wire, -EFBIG, "larger than allowed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_of_these_tests_is_valid),
        cmocka_unit_test(nothing_and_garbage_are_refused),
        cmocka_unit_test(the_reason_may_be_left_out),
        cmocka_unit_test(the_first_string_must_be_empty),
        cmocka_unit_test(strings_out_of_range_are_refused_everywhere),
        cmocka_unit_test(ids_must_not_be_zero_or_repeated),
        cmocka_unit_test(ids_may_be_any_other_numbers_in_any_order),
        cmocka_unit_test(references_must_resolve),
        cmocka_unit_test(samples_must_have_one_value_a_type),
        cmocka_unit_test(packed_and_single_numbers_are_both_read),
        cmocka_unit_test(equal_samples_become_one),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(labels_that_say_nothing_are_left_out),
        cmocka_unit_test(concatenated_profiles_are_refused),
        cmocka_unit_test(a_cut_off_file_is_refused_at_every_length),
        cmocka_unit_test(the_size_cap_holds_for_both_forms),
        cmocka_unit_test(amplified_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
