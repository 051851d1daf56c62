/* A scratch's own copies of rules: walks use them, and forget them with an unload. */
#include "fixture.h"

#include "cmocka_headers.h"

static uint64_t pcs[STACK_FRAMES_MAX];

static struct unwinder unwinder_here(void)
{
    struct thread_slot *slot = thread_self.slot;
    return fixture_unwinder(slot->stack_low, slot->stack_high);
}

/* From here outwards. */
static __attribute__((noinline)) uint32_t walk(void)
{
    struct unwinder unwinder = unwinder_here();
    ucontext_t context;
    getcontext(&context);
    struct unwind_registers registers = fixture_registers(&context);
    return unwind(&unwinder, &registers, pcs, STACK_FRAMES_MAX);
}

/* Makes each copy say that its frame is the outermost. Returns how many there are. */
static size_t falsify(struct near_rules *near)
{
    const struct unwind_rule end = {.kind = RULE_END};
    size_t copies = 0;
    for (size_t i = 0; i < NEAR_RULES; i++) {
        copies += near->slots[i].rule != 0;
        near->slots[i].rule = near->slots[i].rule ? rule_pack(&end) : 0;
    }
    return copies;
}

static void copies_are_used_until_an_unload_voids_all_rules(void **state)
{
    (void)state;
    struct near_rules *near = &unwinder_here().scratch->near;
    uint32_t whole = walk();
    assert_true(whole > 3);
    assert_true(falsify(near) > 3);
    assert_true(walk() < whole); /* at once, but for frames whose copies others have replaced */
    atomic_fetch_add(&capture.modules.rules_generation, 1);
    assert_int_equal(walk(), whole);
}

int main(void)
{
    fixture_open();
    fixture_enter_thread();
    const struct CMUnitTest tests[] = {cmocka_unit_test(copies_are_used_until_an_unload_voids_all_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
