/* The engine's half of the composition: entry point, and what happens at each turn of the process' life. */
#include "boot/control.h"
#include "boot/door.h"
#include "boot/exit_profile.h"
#include "boot/profiles.h"
#include "boot/program_profile.h"
#include "boot/program_trace.h"
#include "boot/services.h"
#include "boot/spool.h"
#include "boot/trace.h"
#include "pipeline/keeper.h"
#include "pipeline/locks.h"

#define STALL_NS INT64_C(3000000000)
#define TOTAL_NS INT64_C(20000000000)

static const struct engine_host *host;
static bool is_light_child;   /* and hasn't settled yet */
static atomic_bool is_ending; /* the next task of the keeper is the last write */

static void tick(uint64_t number)
{
    bool is_changed = control_tick(number);
    trace_tick(is_changed);
    spool_tick();
}

static void task(void)
{
    exit_profile_write(atomic_load(&is_ending));
}

static void begin(void)
{
    (void)host->private_files_enter();
}

static const struct keeper_work keeper_work = {.begin = begin, .tick = tick, .task = task};

/* In a handler: the keeper writes, or nobody. */
static void on_fatal(void)
{
    atomic_store(&is_ending, true);
    keeper_run(STALL_NS, TOTAL_NS);
    host->log_deliver();
    services_unlink();
}

static void engine_start(void)
{
    const struct options *options = host->options;
    if (options->profiles[0])
        exit_profile_begin(host, on_fatal);
    if (options->is_traced)
        (void)!trace_load();
    services_start(false);
}

/* Writing allocates and waits: the keeper does it, so that a caller inside malloc, or in a handler, can't
 * deadlock but only waste a bounded time. */
static void write_now(bool ends)
{
    if (!exit_profile_is_on())
        return;
    atomic_store(&is_ending, ends);
    if (keeper_is_self() || !keeper_run(STALL_NS, TOTAL_NS))
        task();
    host->log_deliver();
}

static void engine_finish(void)
{
    write_now(true);
    services_unlink();
}

static void engine_checkpoint(void)
{
    write_now(false);
    services_before_exec();
}

/* A child that was made lightly gets now what a forked one has from its birth. */
static void engine_settle(bool ends)
{
    if (is_light_child) {
        is_light_child = false;
        exit_profile_after_fork_child();
        if (!ends)
            control_resume();
    }
    if (ends)
        return;
    services_start(true);
    trace_settle();
}

static void engine_after_fork_child(bool is_light)
{
    keeper_after_fork_child();
    services_after_fork_child();
    control_after_fork_child();
    profiles_after_fork_child();
    program_profile_after_fork_child();
    program_trace_after_fork_child();
    is_light_child = is_light;
    if (is_light) {
        exit_profile_pause();
        trace_forget();
        return;
    }
    trace_after_fork_child();
    exit_profile_after_fork_child();
    control_resume();
}

static void engine_last_thread_ended(void)
{
    write_now(true);
    (void)!program_trace_stop();
    services_stop();
    keeper_stop();
}

static const struct engine engine = {
    .version = DOOR_VERSION,
    .start = engine_start,
    .finish = engine_finish,
    .checkpoint = engine_checkpoint,
    .before_fork = trace_before_fork,
    .after_fork_parent = trace_after_fork_parent,
    .after_fork_child = engine_after_fork_child,
    .settle = engine_settle,
    .program_profile_start = program_profile_start,
    .program_profile_stop = program_profile_stop,
    .program_profile_write = program_profile_write,
    .program_trace_start = program_trace_start,
    .program_trace_stop = program_trace_stop,
    .program_trace_dump = program_trace_dump,
    .last_thread_ended = engine_last_thread_ended,
};

EXPORT const struct engine *preflame_engine_entry(const struct engine_host *the_host);
const struct engine *preflame_engine_entry(const struct engine_host *the_host)
{
    if (the_host->version != DOOR_VERSION)
        return NULL;
    host = the_host;
    locks_init(host->locks_held, host->locks_tell);
    keeper_init(&keeper_work);
    control_init(host);
    profiles_init(host);
    services_init(host);
    trace_init(host);
    program_trace_init(host);
    return &engine;
}
