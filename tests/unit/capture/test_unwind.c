/* The walker where no oracle helps: garbage registers, wild calls, smashed, tiny and switched stacks. */
#include "fixture.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cmocka_headers.h"

#ifdef __clang__
#define HIDDEN __attribute__((noinline))
#else
#define HIDDEN __attribute__((noinline, noclone))
#endif

static uint64_t pcs[STACK_FRAMES_MAX];
static uint32_t count;
static uint64_t low, high;

/* What the next signal's handler walks, and how. */
static struct unwinder signal_unwinder;
static sigjmp_buf after_signal;
static uint64_t wanted_bp; /* rbp in place of the interrupted one, 0 = as it is */
static bool leaves_by_jump;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    struct unwind_registers registers = fixture_registers(context);
    if (wanted_bp)
        registers.bp = registers.rest[6] = wanted_bp;
    count = unwind(&signal_unwinder, &registers, pcs, STACK_FRAMES_MAX);
    if (leaves_by_jump)
        siglongjmp(after_signal, 1);
}

static void catch_signal(int signal)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(signal, &action, NULL);
}

static int set_up(void **state)
{
    (void)state;
    if (!capture.rules)
        fixture_open();
    fixture_stack_bounds(&low, &high);
    signal_unwinder = fixture_unwinder(low, high);
    wanted_bp = 0;
    leaves_by_jump = false;
    count = 0;
    return 0;
}

static bool is_in(const void *function, uint64_t pc)
{
    uint64_t start = (uint64_t)(uintptr_t)function;
    return pc >= start && pc < start + 256;
}

/* Does the stack hold a frame of the function? Its code is taken to be shorter than 256 bytes. */
static bool holds(const void *function)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_in(function, pcs[i]))
            return true;
    }
    return false;
}

static bool is_complete(void)
{
    return count > 0 && pcs[count - 1] >= PC_MARKERS;
}

/* --- registers that lie --- */

HIDDEN static void raise_here(void)
{
    raise(SIGUSR1);
    __asm__ volatile("");
}

static void a_garbage_rbp_does_no_harm_where_no_frame_uses_it(void **state)
{
    (void)state;
    static const uint64_t lies[] = {1, 8, 0xdeadbeef, UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 63};
    catch_signal(SIGUSR1);
    raise_here();
    assert_true(is_complete());
    uint32_t honest = count;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        wanted_bp = lies[i];
        raise_here();
        assert_true(count > 1);
        assert_true(is_complete() ? count == honest : pcs[count - 1] == PC_UNWIND_FAILED);
    }
}

typedef void (*wild_fn)(void);
static wild_fn volatile null_function;

HIDDEN static void call_wildly(void)
{
    null_function();
    __asm__ volatile("");
}

static void a_call_to_null_shows_who_called(void **state)
{
    (void)state;
    catch_signal(SIGSEGV);
    leaves_by_jump = true;
    if (!sigsetjmp(after_signal, 1))
        call_wildly();
    signal(SIGSEGV, SIG_DFL);
    assert_true(count > 3);
    assert_int_equal(pcs[0], 0);
    assert_true(is_in((void *)(uintptr_t)call_wildly, pcs[1]));
    assert_true(is_complete());
}

static void the_outermost_frame_without_room_is_a_marker(void **state)
{
    (void)state;
    struct unwind_registers registers = {.pc = (uint64_t)(uintptr_t)raise_here, .sp = low + 64};
    struct unwinder unwinder = fixture_unwinder(low, high);
    uint64_t one[1];
    assert_int_equal(unwind(&unwinder, &registers, one, 0), 0);
    registers.sp = high - 8; /* no return address above */
    registers.pc = 8;
    uint64_t few[4];
    assert_int_equal(unwind(&unwinder, &registers, few, 4), 2);
    assert_int_equal(few[0], 8);
    assert_int_equal(few[1], PC_UNWIND_FAILED);
}

/* --- depth --- */

/* In a section of its own, so that its bounds are known. */
extern char __start_recursion[], __stop_recursion[];

HIDDEN static void __attribute__((section("recursion"))) recurse(int depth)
{
    if (depth)
        recurse(depth - 1);
    else
        raise_here();
    __asm__ volatile("");
}

static void a_stack_deeper_than_we_keep_ends_with_the_marker(void **state)
{
    (void)state;
    catch_signal(SIGUSR1);
    recurse(STACK_FRAMES_MAX * 2);
    assert_int_equal(count, STACK_FRAMES_MAX);
    assert_int_equal(pcs[count - 1], PC_TRUNCATED);
    recurse(STACK_FRAMES_MAX / 2);
    assert_true(is_complete());
    assert_true(count > STACK_FRAMES_MAX / 2);
}

HIDDEN static void recurse_in_large_frames(int depth)
{
    volatile char room[1024];
    room[0] = (char)depth;
    if (depth)
        recurse_in_large_frames(depth - 1);
    else
        raise_here();
    room[1] = room[0];
}

/* Each block of it is a system call. */
static void a_stack_of_unknown_bounds_is_cut_earlier(void **state)
{
    (void)state;
    catch_signal(SIGUSR1);
    signal_unwinder = fixture_unwinder(0, 0);
    recurse(300);
    assert_true(is_complete());
    assert_true(count > 300);
    recurse_in_large_frames(300);
    assert_int_equal(pcs[count - 1], PC_TRUNCATED);
    assert_true(count > 40);
    assert_true(count < 100);
}

/* As after a dlopen: a list that doesn't know the code under walk. */
static void objects_that_the_list_lacks_are_walked_too(void **state)
{
    (void)state;
    static const struct module_list none = {.count = 0};
    const struct module_state empty = {.loaded = &none};
    catch_signal(SIGUSR1);
    raise_here();
    assert_true(is_complete());
    uint32_t frames = count;
    signal_unwinder.modules = &empty;
    signal_unwinder.rules = fixture_map(sizeof(*signal_unwinder.rules));
    raise_here();
    assert_true(is_complete());
    assert_int_equal(count, frames);
    munmap(signal_unwinder.rules, sizeof(*signal_unwinder.rules));
}

static void own_frames_are_left_out(void **state)
{
    (void)state;
    catch_signal(SIGUSR1);
    recurse(2);
    assert_true(holds((void *)(uintptr_t)recurse));
    uint32_t all = count;
    signal_unwinder.own_low = (uint64_t)(uintptr_t)__start_recursion;
    signal_unwinder.own_high = (uint64_t)(uintptr_t)__stop_recursion;
    recurse(2);
    assert_false(holds((void *)(uintptr_t)recurse));
    assert_true(count < all);
    assert_true(is_complete());
}

/* --- stacks of other makes --- */

static void *in_small_thread(void *argument)
{
    fixture_stack_bounds(&low, &high);
    signal_unwinder = fixture_unwinder(low, high);
    recurse(20);
    return argument;
}

static void a_thread_of_16_kilobytes_walks_to_its_end(void **state)
{
    (void)state;
    pthread_attr_t attributes;
    pthread_t thread;
    catch_signal(SIGUSR1);
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 16 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, in_small_thread, NULL), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_true(is_complete());
    assert_true(holds((void *)(uintptr_t)in_small_thread));
}

static ucontext_t home, away;

static void on_heap_stack(void)
{
    recurse(10);
    __asm__ volatile(""); /* no tail call */
}

static void a_stack_switched_to_a_heap_block_walks_to_its_start(void **state)
{
    (void)state;
    char *block = malloc(128 * 1024);
    assert_non_null(block);
    catch_signal(SIGUSR1);
    getcontext(&away);
    away.uc_stack = (stack_t){.ss_sp = block, .ss_size = 128 * 1024};
    away.uc_link = &home;
    makecontext(&away, on_heap_stack, 0);
    signal_unwinder = fixture_unwinder(0, 0); /* what capture.c says of an sp outside the thread's stack */
    swapcontext(&home, &away);
    assert_true(holds((void *)(uintptr_t)on_heap_stack));
    assert_true(count >= 12);
    assert_true(is_complete());
    /* Had anybody given the wrong bounds: a marker, not a fault. */
    signal_unwinder = fixture_unwinder(low, high);
    makecontext(&away, on_heap_stack, 0);
    swapcontext(&home, &away);
    assert_int_equal(pcs[count - 1], PC_UNWIND_FAILED);
    free(block);
}

HIDDEN static void handle_on_other_stack(int signal)
{
    (void)signal;
    recurse(3);
    __asm__ volatile("");
}

static void a_handler_on_an_alternate_stack_walks_back_to_the_thread(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it calls handlers later, from frames of its own */
#endif
    struct sigaction action = {.sa_handler = handle_on_other_stack, .sa_flags = SA_ONSTACK};
    stack_t none = {.ss_flags = SS_DISABLE}, other = {.ss_size = 64 * 1024};
    other.ss_sp = fixture_map(other.ss_size);
    sigaltstack(&other, NULL);
    sigaction(SIGUSR2, &action, NULL);
    catch_signal(SIGUSR1);
    signal_unwinder = fixture_unwinder(0, 0);
    raise(SIGUSR2);
    assert_true(is_complete());
    assert_true(holds((void *)(uintptr_t)handle_on_other_stack));
    sigaltstack(&none, NULL);
}

/* --- stacks of noise --- */

#define NOISE_WORDS 512

static uint64_t noise_state = 88172645463325252;

static uint64_t noise(void)
{
    noise_state ^= noise_state << 13;
    noise_state ^= noise_state >> 7;
    noise_state ^= noise_state << 17;
    return noise_state;
}

/* A word as smashed stacks hold them: code, stack addresses, small numbers, bytes of text. */
static uint64_t noisy_word(const uint64_t *words)
{
    const struct module_list *list = atomic_load(&capture.modules.loaded);
    const struct module *module = &list->modules[noise() % list->count];
    switch (noise() % 5) {
    case 0:
    case 1:
        return module->low + noise() % (module->high - module->low);
    case 2:
        return (uint64_t)(uintptr_t)(words + noise() % NOISE_WORDS);
    case 3:
        return noise() % 64;
    default:
        return noise();
    }
}

/* Walks 20000 stacks of noise between two unreadable pages. Returns how many of them were more than one
 * frame. */
static uint32_t walk_noise(bool are_bounds_known)
{
    uint8_t *pages = fixture_map(3 * 4096);
    uint64_t *words = (void *)(pages + 4096);
    uint32_t deeper = 0;
    mprotect(pages, 4096, PROT_NONE);
    mprotect(pages + 2 * 4096, 4096, PROT_NONE);
    for (int round = 0; round < 20000; round++) {
        for (int i = 0; i < NOISE_WORDS; i++)
            words[i] = noisy_word(words);
        struct unwind_registers at = {.pc = noisy_word(words), .bp = noisy_word(words)};
        for (size_t i = 0; i < ARRAY_SIZE(at.rest); i++)
            at.rest[i] = noisy_word(words);
        at.sp = noise() % 8 ? (uint64_t)(uintptr_t)(words + noise() % NOISE_WORDS) : noisy_word(words);
        uint64_t bottom = (uint64_t)(uintptr_t)words;
        struct unwinder unwinder =
            fixture_unwinder(are_bounds_known ? bottom : 0, are_bounds_known ? bottom + 4096 : 0);
        uint32_t max = (uint32_t)(noise() % 40) + 1, walked = unwind(&unwinder, &at, pcs, max);
        assert_true(walked >= 1);
        assert_true(walked <= max);
        deeper += walked > 2;
        for (uint32_t i = 1; i + 1 < walked; i++)
            assert_true(pcs[i] >= PC_MARKERS);
    }
    munmap(pages, 3 * 4096);
    return deeper;
}

static void stacks_of_noise_end_without_a_fault(void **state)
{
    (void)state;
    assert_true(walk_noise(true) > 1000);
}

static void stacks_of_noise_and_unknown_bounds_end_without_a_fault(void **state)
{
    (void)state;
    assert_true(walk_noise(false) > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_garbage_rbp_does_no_harm_where_no_frame_uses_it, set_up),
        cmocka_unit_test_setup(a_call_to_null_shows_who_called, set_up),
        cmocka_unit_test_setup(the_outermost_frame_without_room_is_a_marker, set_up),
        cmocka_unit_test_setup(a_stack_deeper_than_we_keep_ends_with_the_marker, set_up),
        cmocka_unit_test_setup(a_stack_of_unknown_bounds_is_cut_earlier, set_up),
        cmocka_unit_test_setup(objects_that_the_list_lacks_are_walked_too, set_up),
        cmocka_unit_test_setup(own_frames_are_left_out, set_up),
        cmocka_unit_test_setup(a_thread_of_16_kilobytes_walks_to_its_end, set_up),
        cmocka_unit_test_setup(a_stack_switched_to_a_heap_block_walks_to_its_start, set_up),
        cmocka_unit_test_setup(a_handler_on_an_alternate_stack_walks_back_to_the_thread, set_up),
        cmocka_unit_test_setup(stacks_of_noise_end_without_a_fault, set_up),
        cmocka_unit_test_setup(stacks_of_noise_and_unknown_bounds_end_without_a_fault, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
