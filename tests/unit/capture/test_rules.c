/* Tests of packed rules and of the shared rule table. */
#include "fixture.h"

#include "capture/rules.h"

#include <pthread.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

#define OFFSET_MAX ((1 << 26) - 1)
#define OFFSET_MIN (-(1 << 26))

static void expect_same(const struct unwind_rule *rule)
{
    uint64_t packed = rule_pack(rule);
    struct unwind_rule back = rule_unpack(packed);
    assert_true(packed != 0);
    assert_int_equal(back.kind, rule->kind);
    assert_int_equal(back.cfa_register, rule->cfa_register);
    assert_int_equal(back.cfa_offset, rule->cfa_offset);
    assert_int_equal(back.rbp.is_saved, rule->rbp.is_saved);
    assert_int_equal(back.rbp.is_from_rbp, rule->rbp.is_from_rbp);
    assert_int_equal(back.rbp.offset, rule->rbp.offset);
    assert_int_equal(back.expression, rule->expression);
}

static void every_kind_comes_back(void **state)
{
    (void)state;
    const struct unwind_rule rules[] = {
        {.kind = RULE_NONE},
        {.kind = RULE_SIGNAL},
        {.kind = RULE_END},
        {.kind = RULE_REG, .cfa_register = 7, .cfa_offset = 8},
        {.kind = RULE_REG, .cfa_register = 6, .cfa_offset = 16, .rbp = {.is_saved = true, .offset = -16}},
        {.kind = RULE_REG, .cfa_register = 10, .rbp = {.is_saved = true, .is_from_rbp = true}},
        {.kind = RULE_EXPR, .expression = 0x7ffff7dd1234},
        {.kind = RULE_EXPR, .expression = 1, .rbp = {.is_saved = true, .offset = -24}},
        {.kind = RULE_EXPR, .expression = 5, .rbp = {.is_saved = true, .is_from_rbp = true, .offset = 8}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        expect_same(&rules[i]);
}

static void every_register_and_the_limits_of_offsets_come_back(void **state)
{
    (void)state;
    static const int32_t offsets[] = {OFFSET_MIN, -8, -1, 0, 1, 8, OFFSET_MAX};
    for (uint8_t reg = 0; reg < 17; reg++) {
        for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
            for (size_t k = 0; k < ARRAY_SIZE(offsets); k++) {
                const struct unwind_rule rule = {.kind = RULE_REG,
                                                 .cfa_register = reg,
                                                 .cfa_offset = offsets[i],
                                                 .rbp = {.is_saved = true, .offset = offsets[k]}};
                expect_same(&rule);
            }
        }
    }
    const struct unwind_rule high = {.kind = RULE_EXPR,
                                     .expression = (UINT64_C(1) << 47) - 1,
                                     .rbp = {.is_saved = true, .is_from_rbp = true, .offset = -2048 * 8}};
    expect_same(&high);
}

static void what_does_not_fit_is_no_rule_rather_than_a_wrong_one(void **state)
{
    (void)state;
    const struct unwind_rule rules[] = {
        {.kind = RULE_REG, .cfa_offset = OFFSET_MAX + 1},
        {.kind = RULE_REG, .cfa_offset = OFFSET_MIN - 1},
        {.kind = RULE_REG, .rbp = {.is_saved = true, .offset = OFFSET_MAX + 1}},
        {.kind = RULE_REG, .rbp = {.is_saved = true, .offset = OFFSET_MIN - 1}},
        {.kind = RULE_EXPR, .expression = UINT64_C(1) << 47},
        {.kind = RULE_EXPR, .expression = 8, .rbp = {.is_saved = true, .offset = 2048 * 8}},
        {.kind = RULE_EXPR, .expression = 8, .rbp = {.is_saved = true, .offset = -2049 * 8}},
        {.kind = RULE_EXPR, .expression = 8, .rbp = {.is_saved = true, .offset = 4}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        assert_int_equal(rule_unpack(rule_pack(&rules[i])).kind, RULE_NONE);
}

static struct rule_table *table;

static int set_up(void **state)
{
    (void)state;
    table = fixture_map(sizeof(*table));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap(table, sizeof(*table));
}

static void what_was_kept_is_found_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(rules_find(table, 0x1000), 0);
    rules_keep(table, 0x1000, 77);
    rules_keep(table, 0x1001, 78);
    assert_int_equal(rules_find(table, 0x1000), 77);
    assert_int_equal(rules_find(table, 0x1001), 78);
    assert_int_equal(rules_find(table, 0x1002), 0);
    rules_keep(table, 0x1000, 77);
    assert_int_equal(rules_find(table, 0x1000), 77);
}

static void an_overfull_table_forgets_but_never_mixes_up(void **state)
{
    (void)state;
    uint32_t found = 0;
    for (uint64_t pc = 1; pc <= 2 * RULE_SLOTS; pc++)
        rules_keep(table, pc * 16, pc);
    for (uint64_t pc = 1; pc <= 2 * RULE_SLOTS; pc++) {
        uint64_t packed = rules_find(table, pc * 16);
        assert_true(packed == 0 || packed == pc);
        found += packed != 0;
    }
    assert_true(found > RULE_SLOTS / 2);
    assert_true(found <= RULE_SLOTS);
}

static void equal_expressions_share_one_copy_and_a_full_table_has_no_more(void **state)
{
    (void)state;
    uint8_t block[EXPRESSION_BYTES_MAX] = {3, 0x76, 8, 6};
    uint64_t first = rules_keep_expression(table, block, 4), distinct = 0, refused = 0;
    assert_true(first != 0);
    assert_memory_equal((const void *)(uintptr_t)first, block, sizeof(block));
    assert_int_equal(rules_keep_expression(table, block, 4), first);
    assert_int_not_equal(rules_keep_expression(table, block, 3), first);
    for (unsigned i = 0; i < 2 * EXPRESSION_SLOTS; i++) {
        block[1] = (uint8_t)i;
        block[2] = (uint8_t)(i >> 8);
        uint64_t kept = rules_keep_expression(table, block, 4);
        if (kept)
            assert_memory_equal((const void *)(uintptr_t)kept, block, sizeof(block));
        distinct += kept != 0;
        refused += kept == 0;
    }
    assert_true(distinct > EXPRESSION_SLOTS / 2);
    assert_true(refused >= EXPRESSION_SLOTS);
}

#define RACERS 4
#define RACE_PCS 20000

static _Atomic uint32_t wrong_rules;

static void *race(void *argument)
{
    for (uint64_t round = 0; round < 4; round++) {
        for (uint64_t pc = 1; pc <= RACE_PCS; pc++) {
            uint64_t packed = rules_find(table, pc);
            if (!packed)
                rules_keep(table, pc, pc * 3);
            else if (packed != pc * 3)
                atomic_fetch_add(&wrong_rules, 1);
        }
    }
    return argument;
}

static void racing_inserts_agree(void **state)
{
    (void)state;
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, NULL), 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong_rules), 0);
    uint32_t found = 0;
    for (uint64_t pc = 1; pc <= RACE_PCS; pc++)
        found += rules_find(table, pc) == pc * 3;
    assert_true(found > RACE_PCS / 100 * 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back),
        cmocka_unit_test(every_register_and_the_limits_of_offsets_come_back),
        cmocka_unit_test(what_does_not_fit_is_no_rule_rather_than_a_wrong_one),
        cmocka_unit_test_setup_teardown(what_was_kept_is_found_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_expressions_share_one_copy_and_a_full_table_has_no_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_overfull_table_forgets_but_never_mixes_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(racing_inserts_agree, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
