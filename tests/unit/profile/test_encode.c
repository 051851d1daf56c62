/* Tests of what gets written, read back by the decoder or compared byte by byte. */
#include "fixture.h"

static void the_bytes_are_those_of_the_published_format(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = profile_new();
    assert_non_null(p);
    profile_add_type(p, "cpu", "ns");
    profile_add_mapping(p, 1, 2, 3, "m", "b");
    p->mappings.data[0].has_functions = true;
    struct profile_line line = {profile_add_function(p, "f", "s", "c", 4), 5};
    uint32_t location = profile_add_location(p, 0, 6, &line, 1);
    const struct profile_label label = {profile_string(p, "k"), 0, 7, profile_string(p, "u")};
    profile_add_sample(p, &location, 1, &label, 1, (const int64_t[]){-1});
    p->time_ns = 8;
    p->duration_ns = 9;
    p->period = 10;
    struct bytes out CLEANUP(bytes_clear), expected CLEANUP(bytes_clear), inner CLEANUP(bytes_clear);
    bytes_init(&out, MAX_BYTES);
    bytes_init(&expected, MAX_BYTES);
    bytes_init(&inner, MAX_BYTES);
    assert_int_equal(profile_encode(p, &out), 0);

    PUT_NUMBERS(&expected, SAMPLE_TYPE, {1, 1}, {2, 2});
    put_data(&inner, 1, "\1", 1);
    put_data(&inner, 2, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 10);
    PUT_NUMBERS(&inner, 3, {1, 3}, {3, 7}, {4, 4});
    put_data(&expected, SAMPLE, inner.data, inner.len);
    PUT_NUMBERS(&expected, MAPPING, {1, 1}, {2, 1}, {3, 2}, {4, 3}, {5, 5}, {6, 6}, {7, 1});
    bytes_clear(&inner);
    put_number(&inner, 1, 1);
    put_number(&inner, 2, 1);
    put_number(&inner, 3, 6);
    PUT_NUMBERS(&inner, 4, {1, 1}, {2, 5});
    put_data(&expected, LOCATION, inner.data, inner.len);
    PUT_NUMBERS(&expected, FUNCTION, {1, 1}, {2, 7}, {3, 8}, {4, 9}, {5, 4});
    put_number(&expected, TIME, 8);
    put_number(&expected, DURATION, 9);
    put_number(&expected, 12, 10);
    const char *const strings[] = {"", "cpu", "ns", "k", "u", "m", "b", "f", "s", "c"};
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        put_text(&expected, STRING, strings[i]);
    assert_int_equal(out.len, expected.len);
    assert_memory_equal(out.data, expected.data, expected.len);
}

static void zero_samples_and_what_only_they_use_are_left_out(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    profile_add_mapping(p, 0x600000, 0x700000, 0, "/lib/unused.so", "");
    uint32_t used_mapping = profile_add_mapping(p, 0x800000, 0x900000, 0, "/lib/used.so", "");
    add_leaf(p, add_frame(p, "gone", 0x400010), 0);
    struct profile_line line = {profile_add_function(p, "kept", "kept", "", 0), 0};
    add_leaf(p, profile_add_location(p, used_mapping, 0x800010, &line, 1), 1);
    struct profile *again CLEANUP(profile_freep) = through_wire(p);
    assert_int_equal(again->samples.count, 1);
    assert_int_equal(again->locations.count, 1);
    assert_int_equal(again->functions.count, 1);
    assert_string_equal(profile_text(again, again->functions.data[0].name), "kept");
    assert_int_equal(again->mappings.count, 2);
    assert_string_equal(profile_text(again, again->mappings.data[0].file), "/usr/bin/server");
    assert_string_equal(profile_text(again, again->mappings.data[1].file), "/lib/used.so");
    for (uint32_t i = 0; i < again->strings.count; i++)
        assert_string_not_equal(profile_text(again, i), "gone");
}

static void a_sample_with_one_value_is_kept(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    uint32_t location = add_frame(p, "f", 0x400010);
    profile_add_sample(p, &location, 1, NULL, 0, (const int64_t[]){0, -5});
    struct profile *again CLEANUP(profile_freep) = through_wire(p);
    assert_int_equal(again->samples.count, 1);
    assert_int_equal(again->values.data[1], -5);
}

static void an_empty_profile_still_names_its_types_and_executable(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    struct profile *again CLEANUP(profile_freep) = through_wire(p);
    assert_int_equal(again->types.count, 2);
    assert_int_equal(again->mappings.count, 1);
    assert_int_equal(again->samples.count, 0);
}

static void everything_comes_back(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    struct profile_mapping *mapping = &p->mappings.data[0];
    mapping->has_functions = mapping->has_inlines = true;
    mapping->offset = 0x1000;
    struct profile_line lines[] = {{profile_add_function(p, "inner", "_Zi", "i.cc", 3), 4},
                                   {profile_add_function(p, "outer", "_Zo", "o.cc", 5), 6}};
    const uint32_t stack[] = {profile_add_location(p, 0, 0x400010, lines, 2),
                              profile_add_location(p, PROFILE_NONE, 0xfffffffffffffff0, NULL, 0)};
    const struct profile_label labels[] = {{profile_string(p, "thread"), profile_string(p, "wörker"), 0, 0},
                                           {profile_string(p, "tid"), 0, 0, profile_string(p, "id")}};
    profile_add_sample(p, stack, 2, labels, 2, (const int64_t[]){INT64_MAX, INT64_MIN});
    profile_add_comment(p, "first");
    profile_add_comment(p, "second");
    p->default_type = p->types.data[0].type;
    p->drop_frames = profile_string(p, "malloc");
    p->keep_frames = profile_string(p, "main");
    p->time_ns = 1700000000000000000;
    p->duration_ns = 5000000000;

    struct profile *q CLEANUP(profile_freep) = through_wire(p);
    assert_true(q->mappings.data[0].has_functions && q->mappings.data[0].has_inlines);
    assert_false(q->mappings.data[0].has_filenames || q->mappings.data[0].has_lines);
    assert_int_equal(q->mappings.data[0].start, 0x400000);
    assert_int_equal(q->mappings.data[0].limit, 0x500000);
    assert_int_equal(q->mappings.data[0].offset, 0x1000);
    assert_string_equal(profile_text(q, q->mappings.data[0].build_id), "abcd");
    assert_int_equal(q->locations.count, 2);
    assert_int_equal(q->locations.data[0].line_count, 2);
    assert_string_equal(profile_text(q, q->functions.data[q->lines.data[0].function].name), "inner");
    assert_int_equal(q->lines.data[1].line, 6);
    assert_string_equal(profile_text(q, q->functions.data[1].system_name), "_Zo");
    assert_int_equal(q->functions.data[1].start_line, 5);
    assert_int_equal(q->locations.data[1].mapping, PROFILE_NONE);
    assert_true(q->locations.data[1].address == 0xfffffffffffffff0);
    assert_true(q->values.data[0] == INT64_MAX && q->values.data[1] == INT64_MIN);
    assert_int_equal(q->samples.data[0].label_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const struct profile_label *label = &q->labels.data[i];
        bool is_thread = strcmp(profile_text(q, label->key), "thread") == 0;
        assert_string_equal(profile_text(q, label->key), is_thread ? "thread" : "tid");
        assert_string_equal(profile_text(q, label->text), is_thread ? "wörker" : "");
        assert_string_equal(profile_text(q, label->unit), is_thread ? "" : "id");
    }
    assert_int_equal(q->comments.count, 2);
    assert_string_equal(profile_text(q, q->comments.data[1]), "second");
    assert_string_equal(profile_text(q, q->default_type), "samples");
    assert_string_equal(profile_text(q, q->drop_frames), "malloc");
    assert_string_equal(profile_text(q, q->keep_frames), "main");
    assert_string_equal(profile_text(q, q->period_type.type), "cpu");
    assert_int_equal(q->period, 10000000);
    assert_true(q->time_ns == 1700000000000000000);
    assert_int_equal(q->duration_ns, 5000000000);
}

static void encoding_past_the_cap_leaves_the_output_as_it_was(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, 20);
    bytes_puts(&out, "before");
    assert_int_equal(profile_encode(p, &out), -EFBIG);
    assert_string_equal(bytes_text(&out), "before");
}

static void an_index_out_of_range_is_refused(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    add_leaf(p, add_frame(p, "f", 0x400010), 1);
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, MAX_BYTES);
    p->lines.data[0].function = 1;
    assert_int_equal(profile_encode(p, &out), -EINVAL);
    p->lines.data[0].function = 0;
    p->sample_locations.data[0] = 1;
    assert_int_equal(profile_encode(p, &out), -EINVAL);
    p->sample_locations.data[0] = 0;
    p->samples.data[0].label_count = 1;
    assert_int_equal(profile_encode(p, &out), -EINVAL);
    p->samples.data[0].label_count = 0;
    assert_int_equal(profile_encode(p, &out), 0);
}

static void compressed_files_are_the_same_profile_and_the_same_bytes(void **state)
{
    (void)state;
    struct profile *p CLEANUP(profile_freep) = new_cpu_profile();
    assert_non_null(p);
    add_leaf(p, add_frame(p, "f", 0x400010), 1);
    struct bytes plain CLEANUP(bytes_clear), packed CLEANUP(bytes_clear), again CLEANUP(bytes_clear);
    struct bytes unpacked CLEANUP(bytes_clear);
    bytes_init(&plain, MAX_BYTES);
    bytes_init(&packed, MAX_BYTES);
    bytes_init(&again, MAX_BYTES);
    bytes_init(&unpacked, MAX_BYTES);
    assert_int_equal(profile_encode(p, &plain), 0);
    assert_int_equal(profile_encode_gzip(p, &packed), 0);
    assert_int_equal(profile_encode_gzip(p, &again), 0);
    assert_int_equal(packed.len, again.len);
    assert_memory_equal(packed.data, again.data, again.len);
    assert_int_equal(gunzip_bytes(packed.data, packed.len, &unpacked), 0);
    assert_int_equal(unpacked.len, plain.len);
    assert_memory_equal(unpacked.data, plain.data, plain.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_those_of_the_published_format),
        cmocka_unit_test(zero_samples_and_what_only_they_use_are_left_out),
        cmocka_unit_test(a_sample_with_one_value_is_kept),
        cmocka_unit_test(an_empty_profile_still_names_its_types_and_executable),
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(encoding_past_the_cap_leaves_the_output_as_it_was),
        cmocka_unit_test(an_index_out_of_range_is_refused),
        cmocka_unit_test(compressed_files_are_the_same_profile_and_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
