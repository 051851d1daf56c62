/* Images, modules, the stack dictionary and the life of threads. */
#include "viewer/model/trace_tables.h"

#include <stdio.h>
#include <string.h>

/* A new image in process `pid`: its events no longer belong to the one before. */
static uint32_t new_image(struct trace *t, int64_t pid)
{
    struct trace_process *process = TABLE_APPEND(t, &t->processes, TRACE_MAX_PROCESSES);
    if (!process)
        return TRACE_NONE;
    *process = (struct trace_process){.pid = (int32_t)pid, .parent = TRACE_NONE};
    struct trace_key key = {TABLE_PROCESS, (uint64_t)pid, 0, 0};
    uint32_t *current;
    if (map_add(&t->ids, &key, sizeof(key), 0, &current, NULL)) {
        t->processes.count--;
        return TRACE_NONE;
    }
    *current = (uint32_t)(t->processes.count - 1);
    return *current;
}

uint32_t trace_process_of(struct trace *t, int64_t pid)
{
    const uint32_t *known =
        map_find(&t->ids, &(struct trace_key){TABLE_PROCESS, (uint64_t)pid, 0, 0}, sizeof(struct trace_key));
    return known ? *known : new_image(t, pid);
}

void trace_on_process(struct trace *t, const struct trace_event *event)
{
    uint32_t index = trace_process_of(t, event->vpid);
    if (index == TRACE_NONE)
        return;
    uint32_t exe = names_add(&t->names, event->exe);
    const struct trace_process *old = &t->processes.data[index];
    if (old->is_described && (old->exe != exe || old->start_ns != event->start_ns))
        index = new_image(t, event->vpid);
    if (index == TRACE_NONE)
        return;
    struct trace_process *process = &t->processes.data[index];
    process->is_described = true;
    process->ppid = (int32_t)event->ppid;
    process->start_ns = event->start_ns;
    process->real_ns = event->real_ns;
    process->exe = exe;
    process->cmdline = names_add(&t->names, event->cmdline);
    process->host = names_add(&t->names, event->host);
    const uint32_t *parent = map_find(
        &t->ids, &(struct trace_key){TABLE_PROCESS, (uint64_t)event->ppid, 0, 0}, sizeof(struct trace_key));
    if (parent && *parent < index)
        process->parent = *parent;
}

void trace_on_module(struct trace *t, uint32_t process, const struct trace_event *event)
{
    char build_id[2 * 64 + 1] = "";
    for (size_t i = 0; i < event->number_count && i < 64; i++)
        snprintf(build_id + 2 * i, 3, "%02x", (unsigned)(event->numbers[i] & 0xff));
    struct trace_module module = {.process = process,
                                  .base = event->base,
                                  .size = event->size,
                                  .file_offset = event->file_offset,
                                  .path = names_add(&t->names, event->path),
                                  .build_id = names_add(&t->names, build_id)};
    /* A later module at the same place replaces the earlier one: dlclose, then dlopen. */
    struct trace_key key = {TABLE_MODULE, process, event->base, 0};
    uint32_t row = TABLE_ROW(t, key, &t->modules, TRACE_MAX_MODULES, NULL);
    if (row != TRACE_NONE)
        t->modules.data[row] = module;
}

void trace_on_stack(struct trace *t, uint32_t process, const struct trace_event *event)
{
    struct trace_key key = {TABLE_STACK, process, (uint32_t)event->id, 0};
    uint32_t row = TABLE_ROW(t, key, &t->stacks, TRACE_MAX_STACKS, NULL);
    if (row == TRACE_NONE)
        return;
    struct trace_stack *stack = &t->stacks.data[row];
    uint32_t count =
        (uint32_t)(event->number_count < TRACE_MAX_STACK_DEPTH ? event->number_count : TRACE_MAX_STACK_DEPTH);
    size_t bytes = count * sizeof(event->numbers[0]);
    if (stack->count == count && count && memcmp(&t->pcs.data[stack->first_pc], event->numbers, bytes) == 0)
        return;
    struct trace_stack next = {.process = process, .id = (uint32_t)event->id, .first_pc = t->pcs.count};
    for (; next.count < count; next.count++) {
        uint64_t *pc = TABLE_APPEND(t, &t->pcs, TRACE_MAX_PCS);
        if (!pc)
            break;
        *pc = event->numbers[next.count];
    }
    t->stacks.data[row] = next;
}

uint32_t trace_thread_of(struct trace *t, uint32_t process, int64_t tid)
{
    bool is_new;
    struct trace_key key = {TABLE_THREAD, process, (uint64_t)tid, 0};
    uint32_t row = TABLE_ROW(t, key, &t->threads, TRACE_MAX_THREADS, &is_new);
    if (row != TRACE_NONE && is_new) {
        t->threads.data[row].process = process;
        t->threads.data[row].tid = (int32_t)tid;
        t->threads.data[row].name = names_add(&t->names, "");
    }
    return row;
}

void trace_on_thread(struct trace *t, uint32_t thread, const struct trace_event *event)
{
    if (event->kind == TRACE_THREAD_NAME || event->kind == TRACE_THREAD_STATUS) {
        thread = trace_thread_of(t, t->threads.data[thread].process, event->tid);
        if (thread == TRACE_NONE)
            return;
    }
    struct trace_thread *about = &t->threads.data[thread];
    if (event->name[0] && event->kind != TRACE_THREAD_EXIT)
        about->name = names_add(&t->names, event->name);
    if (event->kind == TRACE_THREAD_START) {
        about->start_ns = event->time_ns;
        about->parent_tid = (int32_t)event->parent_tid;
    }
    if (event->kind == TRACE_THREAD_STATUS)
        about->status_ns = event->time_ns;
    if (event->kind == TRACE_THREAD_STATUS && event->reason >= 0 && !about->wait.is_open)
        about->wait = (struct trace_wait_state){true, (uint32_t)event->reason, event->object, event->stack,
                                                event->since_ns + event->clock_offset_ns};
    if (event->kind == TRACE_THREAD_EXIT) {
        trace_close_wait(t, thread, event->time_ns);
        about->end_ns = event->time_ns;
    }
}
