/* The arithmetic of shares. */
#include "pipeline/budget.h"

#include "base/clock.h"

#define FEWER_BY 9 / 10 /* a limit above this part of the rate is the rate */
#define MORE_BY 3 / 2   /* and one above this multiple may be used */

void budget_init(struct budget *budget, int32_t cpu_ppm, const struct costs *now)
{
    *budget = (struct budget){.cpu_ppm = cpu_ppm, .last = *now, .hz_limit = BUDGET_HZ_ANY};
}

/* After minus before; threads that have ended take their time with them. */
static int64_t grown(int64_t after, int64_t before)
{
    return after > before ? after - before : 0;
}

/* Of `own_ns` in `base_ns`, in millionths. */
static int32_t share_of(int64_t own_ns, int64_t base_ns)
{
    double share = base_ns > 0 ? (double)own_ns * BUDGET_PPM / (double)base_ns : 0;
    return share < INT32_MAX ? (int32_t)share : INT32_MAX;
}

/* What the cap leaves the handler: a quarter of it at least, whatever our threads take, as slower sampling
 * hardly makes them cheaper. */
static double left_for_handler(const struct budget *budget, int64_t base_ns, int64_t threads_ns)
{
    double allowed_ns = (double)base_ns * budget->cpu_ppm / BUDGET_PPM;
    double left_ns = allowed_ns - (double)threads_ns;
    return left_ns < allowed_ns / 4 ? allowed_ns / 4 : left_ns;
}

/* The rate at which the handler takes so much. */
static int32_t rate_that_fits(double left_ns, double run_ns, int64_t program_ns)
{
    double hz = left_ns / run_ns / ((double)program_ns / NS_PER_S);
    return hz < BUDGET_HZ_LEAST ? BUDGET_HZ_LEAST : hz < BUDGET_HZ_ANY ? (int32_t)hz : BUDGET_HZ_ANY;
}

bool budget_look(struct budget *budget, const struct costs *now, int32_t hz)
{
    const struct costs last = budget->last;
    int64_t wall_ns = grown(now->mono_ns, last.mono_ns);
    int64_t threads_ns = grown(now->threads_ns, last.threads_ns);
    int64_t handler_ns = grown(now->handler_ns, last.handler_ns);
    int64_t program_ns = grown(grown(now->process_ns, last.process_ns), threads_ns + handler_ns);
    int64_t base_ns = program_ns > wall_ns / BUDGET_IDLE_PART ? program_ns : wall_ns / BUDGET_IDLE_PART;
    uint64_t runs = now->handled - last.handled;
    budget->last = *now;
    budget->share_ppm = share_of(threads_ns + handler_ns, base_ns);
    if (!budget->cpu_ppm || !runs || !program_ns)
        return false;
    double left_ns = left_for_handler(budget, base_ns, threads_ns);
    int32_t fit = rate_that_fits(left_ns, (double)handler_ns / (double)runs, program_ns);
    int32_t limit = budget->hz_limit < hz ? budget->hz_limit : hz;
    if ((double)handler_ns > left_ns && fit < limit * FEWER_BY)
        budget->hz_limit = fit;
    else if (budget->hz_limit != BUDGET_HZ_ANY && fit > (int64_t)limit * MORE_BY)
        budget->hz_limit = fit >= hz ? BUDGET_HZ_ANY : fit;
    else
        return false;
    return true;
}
