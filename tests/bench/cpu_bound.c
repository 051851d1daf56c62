/* Times a fixed amount of computing ten calls deep, as CPU time of the whole process: what sampling adds to
 * it. */
#include "base/clock.h"
#include "tests/bench/timing.h"

enum { DEPTH = 10, STEPS_PER_OPERATION = 1000 };

static uint64_t state = 88172645463325252u;

/* The asm statements keep the recursion and its result from being optimised away. */
__attribute__((noinline)) static void compute(int depth)
{
    if (depth > 0) {
        compute(depth - 1);
        __asm__ volatile("" ::: "memory");
        return;
    }
    for (int i = 0; i < STEPS_PER_OPERATION; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    __asm__ volatile("" ::"r"(state) : "memory");
}

int main(int argc, char **argv)
{
    int64_t operations = timing_option(argc, argv, "--operations", 500000);
    int64_t start_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int64_t i = 0; i < operations; i++) {
        compute(DEPTH);
    }
    timing_print(operations, clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns);
    return 0;
}
