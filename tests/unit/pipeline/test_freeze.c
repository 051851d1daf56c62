/* Tests of taking a snapshot. */
#include "pipeline/freeze.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"

#define MODULES 200

static struct capture_state state_of_tests;
static struct totals totals;
static uint32_t module_count;

static int set_up(void **state)
{
    (void)state;
    state_of_tests.stacks = calloc(1, sizeof(*state_of_tests.stacks));
    state_of_tests.buckets = calloc(1, sizeof(*state_of_tests.buckets));
    state_of_tests.labels = calloc(1, sizeof(*state_of_tests.labels));
    state_of_tests.live = calloc(1, sizeof(*state_of_tests.live));
    totals_init(&totals);
    module_count = 0;
    return state_of_tests.stacks && state_of_tests.buckets && state_of_tests.labels ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(state_of_tests.stacks);
    free(state_of_tests.buckets);
    free(state_of_tests.labels);
    free(state_of_tests.live);
    totals_clear(&totals);
    return 0;
}

static void each_module(void (*each)(const struct module *module, void *context), void *context)
{
    for (uint32_t i = 0; i < module_count; i++) {
        struct module module = {.low = i * 0x1000,
                                .high = i * 0x1000 + 0x800,
                                .file_offset = i,
                                .born_epoch = i,
                                .dead_epoch = UINT32_MAX,
                                .is_main = i == 0,
                                .build_id_len = (uint16_t)(i % (MODULE_BUILD_ID_MAX + 1)),
                                .path = "/lib/some.so"};
        memset(module.build_id, 0xa0 + (int)(i % 16), sizeof(module.build_id));
        each(&module, context);
    }
}

static void an_empty_runtime_is_an_empty_snapshot(void **state)
{
    (void)state;
    struct snapshot snapshot CLEANUP(snapshot_clear);
    assert_int_equal(freeze(&state_of_tests, &totals, each_module, &snapshot), 0);
    assert_int_equal(snapshot.row_count, 0);
    assert_int_equal(snapshot.module_count, 0);
}

static void assert_stack(const struct snapshot *snapshot, uint32_t stack, const uint64_t *pcs, uint32_t count,
                         uint32_t epoch)
{
    uint64_t read[SNAPSHOT_FRAMES_MAX];
    uint32_t read_epoch = epoch + 1;
    assert_int_equal(snapshot->read_stack(snapshot->stacks, stack, read, &read_epoch), count);
    assert_memory_equal(read, pcs, count * sizeof(*pcs));
    assert_int_equal(read_epoch, epoch);
}

static void rows_have_their_stacks_threads_and_values(void **state)
{
    (void)state;
    struct snapshot snapshot CLEANUP(snapshot_clear);
    const uint64_t pcs[] = {0x1111, 0x2222};
    struct record record = {.value = 50, .tid = 7, .count = 5};
    uint32_t labels = 0;
    assert_true(labels_with(state_of_tests.labels, 0, "route", "/hello", &labels));
    record.labels = (uint16_t)labels;
    record.stack = stacks_intern(state_of_tests.stacks, pcs, 2, 3);
    totals_add(&totals, &record, "worker");
    record.stack = 0; /* found the dictionary full */
    totals_add(&totals, &record, "worker");
    assert_int_equal(freeze(&state_of_tests, &totals, each_module, &snapshot), 0);
    assert_int_equal(snapshot.row_count, 2);
    assert_stack(&snapshot, snapshot.rows[0].stack, pcs, 2, 3);
    assert_int_equal(snapshot.rows[0].tid, 7);
    assert_int_equal(snapshot.rows[0].values[0], 5);
    assert_int_equal(snapshot.rows[0].values[1], 50);
    assert_string_equal(snapshot.rows[0].thread_name, "worker");
    assert_int_equal(snapshot.rows[0].label_count, 1);
    assert_memory_equal(snapshot.rows[0].labels, "route\0/hello", 13);
    assert_int_equal(snapshot.rows[1].stack, 0);
    assert_int_equal(snapshot.rows[1].values[0], 5);
}

static void a_snapshot_stands_while_totals_go_on(void **state)
{
    (void)state;
    struct snapshot snapshot CLEANUP(snapshot_clear);
    struct record record = {.value = 10, .tid = 7, .count = 1};
    totals_add(&totals, &record, "worker");
    assert_int_equal(freeze(&state_of_tests, &totals, each_module, &snapshot), 0);
    totals_add(&totals, &record, "worker");
    assert_int_equal(snapshot.rows[0].values[0], 1);
    assert_int_equal(totals.rows[0].count, 2);
}

static void buckets_of_one_kind_become_rows_with_both_stacks(void **state)
{
    (void)state;
    struct snapshot snapshot CLEANUP(snapshot_clear);
    const uint64_t waiter[] = {0x1111, 0x2222}, holder[] = {0x3333};
    struct bucket_key key = {.kind = BUCKET_BLOCK, .detail = 4};
    key.stack = stacks_intern(state_of_tests.stacks, waiter, 2, 0);
    key.other = stacks_intern(state_of_tests.stacks, holder, 1, 2);
    bucket_add(bucket_of(state_of_tests.buckets, &key), 0, 3);
    bucket_add(bucket_of(state_of_tests.buckets, &key), 1, 900);
    key.detail = 5; /* met, but nothing counted */
    bucket_of(state_of_tests.buckets, &key);
    key.kind = BUCKET_MUTEX;
    bucket_add(bucket_of(state_of_tests.buckets, &key), 0, 1);
    module_count = 2;
    assert_int_equal(freeze_buckets(&state_of_tests, BUCKET_BLOCK, each_module, &snapshot), 0);
    assert_int_equal(snapshot.row_count, 1);
    const struct snapshot_row *row = &snapshot.rows[0];
    assert_int_equal(row->detail, 4);
    assert_int_equal(row->values[0], 3);
    assert_int_equal(row->values[1], 900);
    assert_stack(&snapshot, row->stack, waiter, 2, 0);
    assert_stack(&snapshot, row->other, holder, 1, 2);
    assert_int_equal(snapshot.module_count, 2);
}

static void every_module_is_there_with_its_build_id_in_hex(void **state)
{
    (void)state;
    struct snapshot snapshot CLEANUP(snapshot_clear);
    module_count = MODULES;
    assert_int_equal(freeze(&state_of_tests, &totals, each_module, &snapshot), 0);
    assert_int_equal(snapshot.module_count, MODULES);
    for (uint32_t i = 0; i < MODULES; i++) {
        const struct snapshot_module *module = &snapshot.modules[i];
        assert_int_equal(module->low, i * 0x1000);
        assert_int_equal(module->high, i * 0x1000 + 0x800);
        assert_int_equal(module->file_offset, i);
        assert_int_equal(module->born_epoch, i);
        assert_int_equal(module->dead_epoch, UINT32_MAX);
        assert_int_equal(module->is_main, i == 0);
        assert_int_equal(strlen(module->build_id), 2 * (i % (MODULE_BUILD_ID_MAX + 1)));
        char byte[3];
        snprintf(byte, sizeof(byte), "%02x", 0xa0 + i % 16);
        if (module->build_id[0])
            assert_memory_equal(module->build_id + strlen(module->build_id) - 2, byte, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_runtime_is_an_empty_snapshot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_have_their_stacks_threads_and_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_snapshot_stands_while_totals_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(buckets_of_one_kind_become_rows_with_both_stacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_module_is_there_with_its_build_id_in_hex, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
