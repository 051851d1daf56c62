/* libunwind as the oracle of our walker. */
#include "oracle.h"

#include "fixture.h"

#include <dlfcn.h>
#include <inttypes.h>
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FRAMES 256
#define KEPT 12

struct walk {
    uint64_t pcs[FRAMES];
    uint32_t count;
    int end; /* libunwind's last answer: 0 at the outermost frame, negative when it gave up, 1 when it met pc
                0 */
};

static struct {
    struct unwinder unwinder;
    uint64_t compared, equal, lost, kept;
    struct walk ours[KEPT], theirs[KEPT];
} oracle;

void oracle_begin(uint64_t stack_low, uint64_t stack_high)
{
    memset(&oracle, 0, sizeof(oracle));
    oracle.unwinder = fixture_unwinder(stack_low, stack_high);
}

static void walk_theirs(ucontext_t *context, struct walk *walk)
{
    unw_cursor_t cursor;
    walk->count = 0;
    walk->end = unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME);
    bool is_exact = true;
    while (walk->end >= 0 && walk->count < FRAMES) {
        unw_word_t pc = 0;
        unw_get_reg(&cursor, UNW_REG_IP, &pc);
        if (pc == 0 && walk->count)
            return;
        walk->pcs[walk->count++] = is_exact ? pc : pc - 1;
        walk->end = unw_step(&cursor);
        if (walk->end == 0)
            return;
        is_exact =
            unw_is_signal_frame(&cursor) > 0; /* on x86-64 it says so of the frame that was interrupted */
    }
}

static void walk_ours(const ucontext_t *context, struct walk *walk)
{
    struct unwind_registers registers = fixture_registers(context);
    walk->count = unwind(&oracle.unwinder, &registers, walk->pcs, FRAMES);
}

/* A place where no kept walk of ours ended: one mistake is seen once, not at each instruction. */
static bool is_new_place(const struct walk *walk)
{
    for (uint64_t i = 0; i < oracle.kept; i++) {
        const struct walk *kept = &oracle.ours[i];
        if (kept->count > 1 && walk->count > 1 && kept->pcs[kept->count - 2] == walk->pcs[walk->count - 2])
            return false;
    }
    return true;
}

/* Did libunwind lose its way? It ends with 0, not an error, at return addresses that are no code. */
static bool is_lost(const struct walk *theirs)
{
    return theirs->end != 0 || theirs->count == FRAMES ||
           !module_find(oracle.unwinder.modules, theirs->pcs[theirs->count - 1]);
}

/* The same frames; where ours gave up, libunwind must have got lost behind the same frames. */
static bool is_equal(const struct walk *ours, const struct walk *theirs)
{
    uint32_t count = ours->count;
    bool has_failed = count && ours->pcs[count - 1] == PC_UNWIND_FAILED;
    count -= has_failed;
    if (has_failed ? !is_lost(theirs) || count > theirs->count : count != theirs->count)
        return false;
    return memcmp(ours->pcs, theirs->pcs, count * sizeof(ours->pcs[0])) == 0;
}

void oracle_compare(const ucontext_t *context)
{
    static struct walk ours, theirs;
    ucontext_t copy = *context;
    walk_ours(context, &ours);
    walk_theirs(&copy, &theirs);
    oracle.compared++;
    oracle.lost += is_lost(&theirs);
    if (is_equal(&ours, &theirs)) {
        oracle.equal++;
    } else if (oracle.kept < KEPT && is_new_place(&ours)) {
        oracle.ours[oracle.kept] = ours;
        oracle.theirs[oracle.kept++] = theirs;
    }
}

uint64_t oracle_compared(void)
{
    return oracle.compared;
}

double oracle_equal_permille(void)
{
    return oracle.compared ? 1000.0 * (double)oracle.equal / (double)oracle.compared : 0;
}

static void print_walk(const char *who, const struct walk *walk)
{
    printf("  %s: %" PRIu32 " frames\n", who, walk->count);
    for (uint32_t i = 0; i < walk->count && i < 24; i++) {
        Dl_info info = {0};
        const char *file = "", *name = "?";
        if (dladdr((void *)(uintptr_t)walk->pcs[i], &info) && info.dli_fname) {
            file = strrchr(info.dli_fname, '/') ? strrchr(info.dli_fname, '/') + 1 : info.dli_fname;
            name = info.dli_sname ? info.dli_sname : "?";
        }
        printf("    %#" PRIx64 " %s+%#" PRIx64 " %s\n", walk->pcs[i], file,
               walk->pcs[i] - (uint64_t)(uintptr_t)info.dli_fbase, name);
    }
}

void oracle_report(const char *title)
{
    printf("%s: %" PRIu64 " stacks, %.2f permille equal, libunwind lost in %" PRIu64 "\n", title,
           oracle.compared, oracle_equal_permille(), oracle.lost);
    for (uint64_t i = 0; i < oracle.kept; i++) {
        printf(" differing stack %" PRIu64 " (libunwind ended with %d)\n", i, oracle.theirs[i].end);
        print_walk("ours", &oracle.ours[i]);
        print_walk("libunwind", &oracle.theirs[i]);
    }
}
