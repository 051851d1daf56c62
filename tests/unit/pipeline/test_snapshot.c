/* Tests of what a snapshot owns and of its counters' arithmetic. */
#include "pipeline/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"

static void clearing_twice_is_clearing_once(void **state)
{
    (void)state;
    struct snapshot snapshot = {.rows = calloc(1, sizeof(struct snapshot_row)), .row_count = 1};
    snapshot.modules = calloc(1, sizeof(struct snapshot_module));
    snapshot_clear(&snapshot);
    assert_null(snapshot.rows);
    assert_null(snapshot.modules);
    assert_int_equal(snapshot.row_count, 0);
    snapshot_clear(&snapshot);
}

/* Every counter its own number, so that none can be taken for another. */
static struct losses numbered(uint64_t factor)
{
    struct losses losses;
    uint64_t next = 1;
#define LOSS_NUMBER(member, name) losses.member = factor * next++;
    LOSSES(LOSS_NUMBER)
#undef LOSS_NUMBER
    return losses;
}

static void losses_are_subtracted_counter_by_counter(void **state)
{
    (void)state;
    struct losses before = numbered(3), after = numbered(10), since = losses_since(&before, &after);
    struct losses expected = numbered(7);
    assert_memory_equal(&since, &expected, sizeof(since));
}

static void every_loss_is_printed_by_its_name(void **state)
{
    (void)state;
    struct losses losses = numbered(1);
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, 4096);
    losses_print(&losses, &out);
    uint64_t next = 1;
#define LOSS_EXPECT(member, name)                                                                            \
    {                                                                                                        \
        char line[100];                                                                                      \
        snprintf(line, sizeof(line), "%s: %d\n", name, (int)next++);                                         \
        assert_non_null(strstr(bytes_text(&out), line));                                                     \
    }
    LOSSES(LOSS_EXPECT)
#undef LOSS_EXPECT
    assert_true(next > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clearing_twice_is_clearing_once),
        cmocka_unit_test(losses_are_subtracted_counter_by_counter),
        cmocka_unit_test(every_loss_is_printed_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
