/* Flattening of overlapping ranges. */
#include "exporters/symbols/spans.h"
#include "fixture.h"

static uint32_t id_at(const struct spans *spans, uint64_t address)
{
    const struct span *span = spans_find(spans, address);
    return span ? span->id : 0;
}

static void add(struct spans *spans, uint64_t start, uint64_t end, uint32_t id, uint32_t rank)
{
    assert_int_equal(spans_add(spans, (struct span){start, end, id, rank}), 0);
}

static void inner_span_covers_and_outer_goes_on_behind_it(void **state)
{
    (void)state;
    struct spans spans = {0};
    add(&spans, 20, 30, 2, 0);
    add(&spans, 10, 100, 1, 0);
    add(&spans, 22, 24, 3, 0);
    assert_int_equal(spans_flatten(&spans), 0);
    const uint32_t truth[][2] = {{9, 0},  {10, 1}, {19, 1}, {20, 2}, {21, 2}, {22, 3},
                                 {23, 3}, {24, 2}, {29, 2}, {30, 1}, {99, 1}, {100, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(truth); i++)
        assert_int_equal(id_at(&spans, truth[i][0]), truth[i][1]);
    spans_clear(&spans);
}

static void partly_overlapping_span_that_starts_later_wins(void **state)
{
    (void)state;
    struct spans spans = {0};
    add(&spans, 10, 20, 1, 0);
    add(&spans, 15, 30, 2, 0);
    assert_int_equal(spans_flatten(&spans), 0);
    assert_int_equal(id_at(&spans, 14), 1);
    assert_int_equal(id_at(&spans, 15), 2);
    assert_int_equal(id_at(&spans, 29), 2);
    assert_int_equal(id_at(&spans, 30), 0);
    spans_clear(&spans);
}

static void lowest_rank_wins_where_both_start(void **state)
{
    (void)state;
    struct spans spans = {0};
    add(&spans, 10, 20, 1, 0);
    add(&spans, 10, 40, 2, 9);
    assert_int_equal(spans_flatten(&spans), 0);
    assert_int_equal(id_at(&spans, 10), 1);
    assert_int_equal(id_at(&spans, 19), 1);
    assert_int_equal(id_at(&spans, 20), 2);
    assert_int_equal(id_at(&spans, 40), 0);
    spans_clear(&spans);
}

static void empty_spans_cover_nothing(void **state)
{
    (void)state;
    struct spans spans = {0};
    assert_int_equal(spans_flatten(&spans), 0);
    assert_null(spans_find(&spans, 0));
    add(&spans, 10, 10, 1, 0);
    add(&spans, 12, 11, 1, 0);
    assert_int_equal(spans.count, 0);
    spans_clear(&spans);
}

/* The definition, computed for each address on its own. */
static uint32_t slow_id_at(const struct span *spans, size_t count, uint64_t address)
{
    const struct span *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct span *s = &spans[i];
        if (address < s->start || address >= s->end)
            continue;
        if (!best || s->start > best->start || (s->start == best->start && s->rank < best->rank))
            best = s;
    }
    return best ? best->id : 0;
}

static void random_spans_agree_with_the_definition(void **state)
{
    (void)state;
    uint32_t random = 12345;
    for (int round = 0; round < 200; round++) {
        struct span copy[24];
        struct spans spans = {0};
        for (uint32_t i = 0; i < 24; i++) {
            random = random * 1664525 + 1013904223;
            uint64_t start = (random >> 8) % 60, len = 1 + (random >> 16) % 40;
            copy[i] = (struct span){start, start + len, i + 1, i};
            assert_int_equal(spans_add(&spans, copy[i]), 0);
        }
        assert_int_equal(spans_flatten(&spans), 0);
        for (uint64_t at = 0; at < 110; at++)
            assert_int_equal(id_at(&spans, at), slow_id_at(copy, 24, at));
        spans_clear(&spans);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_span_covers_and_outer_goes_on_behind_it),
        cmocka_unit_test(partly_overlapping_span_that_starts_later_wins),
        cmocka_unit_test(lowest_rank_wins_where_both_start),
        cmocka_unit_test(empty_spans_cover_nothing),
        cmocka_unit_test(random_spans_agree_with_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
