/* Waits, the threads that ended them, and system calls. */
#include "viewer/model/trace_tables.h"

_Static_assert(WAIT_STDIO < TRACE_REASONS, "every reason has a sum of its own");

static struct trace_wait *wait_of(struct trace *t, uint32_t process, uint32_t reason, uint64_t object)
{
    bool is_new;
    struct trace_key key = {TABLE_WAIT, process, object, reason};
    uint32_t row = TABLE_ROW(t, key, &t->waits, TRACE_MAX_ROWS, &is_new);
    if (row == TRACE_NONE)
        return NULL;
    struct trace_wait *wait = &t->waits.data[row];
    if (is_new)
        *wait = (struct trace_wait){
            .process = process, .reason = reason, .object = object, .max_ns = -1, .max_thread = TRACE_NONE};
    return wait;
}

/* The last wake of an object, by another thread, within the time. */
static const struct trace_wake *wake_within(const struct trace *t, uint32_t waiter, uint64_t object,
                                            int64_t start_ns, int64_t end_ns)
{
    struct trace_key key = {TABLE_WAKE, t->threads.data[waiter].process, object, 0};
    const uint32_t *row = map_find(&t->ids, &key, sizeof(key));
    const struct trace_wake *wake = row ? &t->wakes.data[*row] : NULL;
    if (!wake || wake->time_ns < start_ns || wake->time_ns > end_ns || wake->thread == waiter)
        return NULL;
    return wake;
}

static void add_waker(struct trace_wait *wait, const struct trace_wake *wake)
{
    for (size_t i = 0; i < TRACE_WAKERS; i++) {
        struct trace_waker *waker = &wait->wakers[i];
        if (!waker->count)
            waker->thread = wake->thread;
        if (waker->thread == wake->thread) {
            waker->count++;
            return;
        }
    }
    wait->other_wakes++;
}

/* Accounts the wait [end_ns - duration_ns, end_ns] of a thread; parts already accounted are not counted
 * again. */
static void account_wait(struct trace *t, uint32_t thread, uint32_t reason, uint64_t object, uint64_t stack,
                         int64_t end_ns, int64_t duration_ns, bool is_open)
{
    struct trace_thread *waiter = &t->threads.data[thread];
    int64_t start_ns = end_ns - duration_ns;
    /* What was before the session is told of the longest wait only: sums are of its time. */
    int64_t counted_ns = start_ns > waiter->status_ns ? start_ns : waiter->status_ns;
    int64_t fresh_ns = cover_add(&waiter->cover, counted_ns, end_ns);
    int64_t *blocked_ns = &waiter->blocked_ns[reason < TRACE_REASONS ? reason : WAIT_OTHER];
    *blocked_ns = add_ns(*blocked_ns, fresh_ns);
    trace_add_cost(t, waiter->process, stack, TRACE_COST_WAIT, reason, fresh_ns);
    const struct trace_wake *wake = wake_within(t, thread, object, start_ns, end_ns);
    trace_add_moment(t, &(struct trace_moment){.thread = thread,
                                               .stack = (uint32_t)stack,
                                               .kind = TRACE_MOMENT_WAIT,
                                               .detail = reason,
                                               .is_open = is_open,
                                               .start_ns = start_ns,
                                               .end_ns = end_ns,
                                               .object = object,
                                               .waker = wake ? wake->moment : TRACE_NONE});
    struct trace_wait *wait = wait_of(t, waiter->process, reason, object);
    if (!wait)
        return;
    wait->count++;
    wait->open_count += is_open;
    wait->total_ns = add_ns(wait->total_ns, fresh_ns);
    if (duration_ns > wait->max_ns) {
        wait->max_ns = duration_ns;
        wait->max_stack = (uint32_t)stack;
        wait->max_thread = thread;
    }
    if (wake)
        add_waker(wait, wake);
}

void trace_close_wait(struct trace *t, uint32_t thread, int64_t end_ns)
{
    struct trace_wait_state state = t->threads.data[thread].wait;
    t->threads.data[thread].wait.is_open = false;
    if (!state.is_open || state.since_ns > end_ns)
        return;
    account_wait(t, thread, state.reason, state.object, state.stack, end_ns, end_ns - state.since_ns, true);
}

void trace_on_wait(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    struct trace_thread *about = &t->threads.data[thread];
    if (event->kind == TRACE_BLOCK) {
        about->wait = (struct trace_wait_state){true, (uint32_t)event->reason, event->object, event->stack,
                                                event->time_ns};
    } else if (event->kind == TRACE_UNBLOCK) {
        about->wait.is_open = false;
        account_wait(t, thread, (uint32_t)event->reason, event->object, event->stack, event->time_ns,
                     event->duration_ns, false);
    } else {
        struct trace_key key = {TABLE_WAKE, about->process, event->object, 0};
        uint32_t row = TABLE_ROW(t, key, &t->wakes, TRACE_MAX_ROWS, NULL);
        uint32_t moment = trace_add_moment(t, &(struct trace_moment){.thread = thread,
                                                                     .stack = (uint32_t)event->stack,
                                                                     .kind = TRACE_MOMENT_WAKE,
                                                                     .start_ns = event->time_ns,
                                                                     .end_ns = event->time_ns,
                                                                     .object = event->object});
        if (row != TRACE_NONE)
            t->wakes.data[row] = (struct trace_wake){thread, event->time_ns, moment};
    }
}

/* Calls are no waits: what a call waited for, a wait tells. The rest it worked, which samples tell. */
void trace_on_syscall(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    trace_add_moment(t, &(struct trace_moment){.thread = thread,
                                               .stack = (uint32_t)event->stack,
                                               .kind = TRACE_MOMENT_SYSCALL,
                                               .detail = (uint32_t)event->number,
                                               .start_ns = event->time_ns - event->duration_ns,
                                               .end_ns = event->time_ns,
                                               .value = event->result});
    struct trace_key key = {TABLE_SYSCALL, (uint64_t)event->number, 0, 0};
    uint32_t row = TABLE_ROW(t, key, &t->syscalls, TRACE_MAX_ROWS, NULL);
    if (row == TRACE_NONE)
        return;
    struct trace_syscall *call = &t->syscalls.data[row];
    call->number = (uint32_t)event->number;
    call->count++;
    call->failures += event->result < 0;
    call->total_ns = add_ns(call->total_ns, event->duration_ns);
    if (event->duration_ns > call->max_ns)
        call->max_ns = event->duration_ns;
}
