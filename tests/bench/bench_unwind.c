/* How long a stack takes, warm: our walker against libunwind's unw_backtrace and unw_step, at a few depths.
 */
#define UNW_LOCAL_ONLY
#include "fixture.h"

#include "base/clock.h"
#include "work.h"

#include <inttypes.h>
#include <libunwind.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REPEATS 60
#define STACKS 500

static uint64_t pcs[STACK_FRAMES_MAX];
static struct unwinder unwinder;
static struct unwind_registers registers;
static uint32_t frames;
static volatile uint32_t kept;

static void walk_ours(void)
{
    kept = unwind(&unwinder, &registers, pcs, STACK_FRAMES_MAX);
}

static void walk_and_intern(void)
{
    kept = capture_here();
}

static void walk_backtrace(void)
{
    void *buffer[STACK_FRAMES_MAX];
    kept = (uint32_t)unw_backtrace(buffer, STACK_FRAMES_MAX);
}

static void walk_steps(void)
{
    unw_context_t context;
    unw_cursor_t cursor;
    uint32_t count = 0;
    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    do {
        unw_word_t pc = 0;
        unw_get_reg(&cursor, UNW_REG_IP, &pc);
        pcs[count++] = pc;
    } while (count < STACK_FRAMES_MAX && unw_step(&cursor) > 0);
    kept = count;
}

/* Nanoseconds a stack: the mean over STACKS in the quickest of REPEATS rounds, which a busy machine disturbs
 * least. */
static double quickest_ns(void (*walk)(void))
{
    double best_ns = 1e18;
    for (int i = 0; i < REPEATS; i++) {
        int64_t start_ns = clock_mono_ns();
        for (int k = 0; k < STACKS; k++)
            walk();
        double mean_ns = (double)(clock_mono_ns() - start_ns) / STACKS;
        best_ns = mean_ns < best_ns ? mean_ns : best_ns;
    }
    return best_ns;
}

static void measure(void)
{
    ucontext_t context;
    getcontext(&context);
    registers = fixture_registers(&context);
    walk_ours();
    frames = kept;
    printf("| %" PRIu32 " | %.0f | %.0f | %.0f | %.0f |\n", frames, quickest_ns(walk_ours),
           quickest_ns(walk_and_intern), quickest_ns(walk_backtrace), quickest_ns(walk_steps));
}

int main(int argc, char **argv)
{
    if (argc > 1 &&
        strcmp(argv[1], "--first-use") == 0) { /* for strace: what one backtrace of libunwind's asks for */
        work_deep(10, walk_backtrace);
        return 0;
    }
    if (argc > 1 &&
        strcmp(argv[1], "--slow-steps") == 0) { /* the same; getppid marks where the cold walk ends */
        for (int i = 0; i < 2; i++) {
            work_deep(10, walk_steps);
            getppid();
        }
        printf("%" PRIu32 " frames a walk\n", kept);
        return 0;
    }
    if (argc > 1) {
        fprintf(stderr, "bench_unwind: '%s' is no option; use --first-use, --slow-steps or none\n", argv[1]);
        return 2;
    }
    fixture_open();
    fixture_enter_thread();
    unwinder = fixture_unwinder(thread_self.slot->stack_low, thread_self.slot->stack_high);
    puts("| frames | unwind() | capture_here() | unw_backtrace | unw_step |\n|---|---|---|---|---|");
    static const int depths[] = {1, 9, 39, 94};
    for (size_t i = 0; i < ARRAY_SIZE(depths); i++)
        work_deep(depths[i], measure);
    return 0;
}
