/* Tests of the debug texts, against texts laid out as Go's. */
#include "exporters/debug_text.h"

#include <math.h>

#include "cmocka_headers.h"

static uint64_t start_of(void *context, uint64_t pc)
{
    (void)context;
    return pc & ~UINT64_C(0xff);
}

/* Two stacks, the smaller one first, with `types` of the kind. */
static struct profile *make(const struct profile_kind *kind, const int64_t (*values)[SNAPSHOT_VALUES])
{
    struct profile *p = profile_new();
    for (unsigned i = 0; kind->types[i].type; i++)
        profile_add_type(p, kind->types[i].type, kind->types[i].unit);
    p->period = 4096;
    uint32_t mapping = profile_add_mapping(p, 0x400000, 0x401000, 0, "/bin/a", "");
    const char *const names[] = {"work", "a_function_with_a_long_name"};
    uint32_t locations[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct profile_line line = {profile_add_function(p, names[i], names[i], "a.c", 1), 10 + i};
        locations[i] = profile_add_location(p, mapping, 0x400110 + i * 0x100, &line, 1);
    }
    struct profile_label label = {
        .key = profile_string(p, "bytes"), .number = 1024, .unit = profile_string(p, "bytes")};
    profile_add_sample(p, locations, 1, &label, 1, values[0]);
    profile_add_sample(p, locations, 2, &label, 1, values[1]);
    return p;
}

static void expect(const char *name, const int64_t (*values)[SNAPSHOT_VALUES], const char *expected)
{
    const struct profile_kind *kind = profile_kind_find(name);
    struct profile *p CLEANUP(profile_freep) = make(kind, values);
    struct bytes text CLEANUP(bytes_clear);
    bytes_init(&text, 65536);
    assert_int_equal(debug_text(kind, p, start_of, NULL, &text), 0);
    assert_string_equal(bytes_text(&text), expected);
}

#define STACK_1 "#\t0x400110\twork+0x10\ta.c:10\n\n"
#define STACK_2                                                                                              \
    "#\t0x400110\twork+0x10\t\t\t\ta.c:10\n"                                                                 \
    "#\t0x400211\ta_function_with_a_long_name+0x11\ta.c:11\n\n"
#define MAPS "\n--- Memory map: ---\n00400000-00401000 r-xp 00000000 00:00 0 /bin/a\n"

static void counts(void **state)
{
    (void)state;
    const int64_t values[][SNAPSHOT_VALUES] = {{1}, {5}};
    expect("threadcreate", values,
           "threadcreate profile: total 6\n"
           "5 @ 0x400110 0x400211\n" STACK_2 "1 @ 0x400110\n" STACK_1 MAPS);
}

static void contentions(void **state)
{
    (void)state;
    const int64_t values[][SNAPSHOT_VALUES] = {{7, 100}, {1, 900}};
    expect("block", values,
           "--- contention:\ncycles/second=1000000000\n"
           "900 1 @ 0x400110 0x400211\n" STACK_2 "100 7 @ 0x400110\n" STACK_1 MAPS);
    expect("mutex", values,
           "--- mutex:\ncycles/second=1000000000\nsampling period=1\n"
           "900 1 @ 0x400110 0x400211\n" STACK_2 "100 7 @ 0x400110\n" STACK_1 MAPS);
}

/* Texts hold what was sampled: pprof scales by the interval of their head line. */
static void heap(void **state)
{
    (void)state;
    double scale = 1 / (1 - exp(-0.25));
    const int64_t values[][SNAPSHOT_VALUES] = {
        {llround(4 * scale), llround(4096 * scale), llround(1 * scale), llround(1024 * scale)},
        {llround(9 * scale), llround(9216 * scale), llround(3 * scale), llround(3072 * scale)}};
    expect("heap", values,
           "heap profile: 4: 4096 [13: 13312] @ heap/8192\n"
           "3: 3072 [9: 9216] @ 0x400110 0x400211\n" STACK_2 "1: 1024 [4: 4096] @ 0x400110\n" STACK_1 MAPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(contentions),
        cmocka_unit_test(heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
