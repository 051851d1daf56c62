/* Tests of finding modules and of the unload gate. */
#include "fixture.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define COUNT 100

static struct module_state state_of_tests;
static struct thread_slot slot;

static int make_list(void **state)
{
    (void)state;
    struct module_list *list = calloc(1, sizeof(*list) + COUNT * sizeof(list->modules[0]));
    list->count = COUNT;
    for (uint32_t i = 0; i < COUNT; i++) /* each 0x1000 long, with a hole of 0x1000 behind it */
        list->modules[i] = (struct module){.low = 0x10000 + i * 0x2000, .high = 0x11000 + i * 0x2000};
    state_of_tests = (struct module_state){.loaded = list};
    slot = (struct thread_slot){.state = SLOT_LIVE};
    return 0;
}

static int free_list(void **state)
{
    (void)state;
    free((void *)(uintptr_t)atomic_load(&state_of_tests.loaded));
    return 0;
}

static void every_address_is_found_in_its_module_or_nowhere(void **state)
{
    (void)state;
    const struct module *modules = atomic_load(&state_of_tests.loaded)->modules;
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(module_find(&state_of_tests, modules[i].low), &modules[i]);
        assert_ptr_equal(module_find(&state_of_tests, modules[i].high - 1), &modules[i]);
        assert_null(module_find(&state_of_tests, modules[i].high));
        assert_null(module_find(&state_of_tests, modules[i].low - 1));
    }
    assert_null(module_find(&state_of_tests, 0));
    assert_null(module_find(&state_of_tests, UINT64_MAX));
}

static void without_a_list_nothing_is_found(void **state)
{
    (void)state;
    const struct module_state empty = {.epoch = 0};
    const struct module_list none = {.count = 0};
    const struct module_state listed = {.loaded = &none};
    assert_null(module_find(&empty, 0x10000));
    assert_null(module_find(&listed, 0x10000));
}

static void entering_is_seen_and_nests(void **state)
{
    (void)state;
    assert_true(module_enter(&state_of_tests, &slot));
    assert_int_equal(atomic_load(&slot.in_capture), 1);
    assert_true(module_enter(&state_of_tests, &slot));
    assert_int_equal(atomic_load(&slot.in_capture), 2);
    module_leave(&slot);
    module_leave(&slot);
    assert_int_equal(atomic_load(&slot.in_capture), 0);
}

static void a_shut_gate_turns_captures_away_and_counts_them(void **state)
{
    (void)state;
    atomic_store(&state_of_tests.gate, 1);
    assert_false(module_enter(&state_of_tests, &slot));
    assert_int_equal(atomic_load(&slot.in_capture), 0);
    assert_int_equal(atomic_load(&state_of_tests.gated), 1);
    atomic_store(&state_of_tests.gate, 0);
    assert_true(module_enter(&state_of_tests, &slot));
    assert_int_equal(atomic_load(&state_of_tests.gated), 1);
    module_leave(&slot);
}

/* One thread enters and leaves; the other shuts the gate, waits until nobody is inside, and "unloads". */
static _Atomic uint32_t is_unloaded, seen_unloaded, entered, is_over;

static void *capture_on_and_on(void *argument)
{
    while (!atomic_load(&is_over)) {
        if (!module_enter(&state_of_tests, &slot))
            continue;
        atomic_fetch_add_explicit(&seen_unloaded, atomic_load_explicit(&is_unloaded, memory_order_relaxed),
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&entered, 1, memory_order_relaxed);
        module_leave(&slot);
    }
    return argument;
}

static void nobody_is_inside_once_the_gate_is_shut_and_the_slot_says_so(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, capture_on_and_on, NULL), 0);
    for (int round = 0; round < 20000; round++) {
        atomic_store_explicit(&state_of_tests.gate, 1, memory_order_relaxed);
        atomic_thread_fence(memory_order_seq_cst);
        while (atomic_load_explicit(&slot.in_capture, memory_order_acquire))
            sched_yield();
        atomic_store_explicit(&is_unloaded, 1, memory_order_relaxed);
        atomic_store_explicit(&is_unloaded, 0, memory_order_relaxed);
        atomic_store_explicit(&state_of_tests.gate, 0, memory_order_release);
        if (round % 256 == 0)
            sched_yield();
    }
    while (!atomic_load(&entered))
        sched_yield();
    atomic_store(&is_over, 1);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&seen_unloaded), 0);
    assert_true(atomic_load(&entered) > 0);
}

static void the_real_list_knows_this_program_and_libc(void **state)
{
    (void)state;
    fixture_open();
    const struct module *own = fixture_module_of((void *)(uintptr_t)&fixture_open);
    assert_true(own->is_main);
    assert_true(own->hdr >= own->data_low && own->hdr < own->data_high);
    const struct module *libc = fixture_module_of(dlsym(RTLD_DEFAULT, "getppid"));
    assert_ptr_not_equal(own, libc);
    assert_non_null(strstr(libc->path, "libc"));
    assert_true(libc->build_id_len > 0);
    const struct module_list *list = atomic_load(&capture.modules.loaded);
    for (uint32_t i = 1; i < list->count; i++)
        assert_true(list->modules[i - 1].high <= list->modules[i].low);
}

static void the_loader_knows_what_the_list_knows(void **state)
{
    (void)state;
    const void *const addresses[] = {(void *)(uintptr_t)&fixture_open, dlsym(RTLD_DEFAULT, "getppid")};
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        const struct module *listed = fixture_module_of(addresses[i]);
        struct module asked;
        assert_true(module_ask_loader((uintptr_t)addresses[i], &asked));
        assert_true(asked.low <= listed->low && asked.high >= listed->high);
        assert_int_equal(asked.hdr, listed->hdr);
        assert_int_equal(asked.table, listed->table);
        assert_int_equal(asked.table_count, listed->table_count);
        assert_true(asked.table_count > 0);
    }
    struct module none;
    assert_false(module_ask_loader((uintptr_t)&none, &none));
    assert_false(module_ask_loader(0, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_address_is_found_in_its_module_or_nowhere, make_list,
                                        free_list),
        cmocka_unit_test(without_a_list_nothing_is_found),
        cmocka_unit_test_setup_teardown(entering_is_seen_and_nests, make_list, free_list),
        cmocka_unit_test_setup_teardown(a_shut_gate_turns_captures_away_and_counts_them, make_list,
                                        free_list),
        cmocka_unit_test_setup_teardown(nobody_is_inside_once_the_gate_is_shut_and_the_slot_says_so,
                                        make_list, free_list),
        cmocka_unit_test(the_real_list_knows_this_program_and_libc),
        cmocka_unit_test(the_loader_knows_what_the_list_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
