/* The list, and the questions asked of it. */
#include "viewer/client/processes.h"

#include "viewer/client/proc.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool process_is_called(const struct process *process, const char *name)
{
    return strcmp(process->name, name) == 0 || strcmp(process->program, name) == 0;
}

static int add(struct processes *p, const struct process *process)
{
    struct process *data = reallocarray(p->data, p->count + 1, sizeof(*data));
    if (!data)
        return -ENOMEM;
    p->data = data;
    p->data[p->count++] = *process;
    return 0;
}

static int by_pid(const void *left, const void *right)
{
    pid_t a = ((const struct process *)left)->pid, b = ((const struct process *)right)->pid;
    return a < b ? -1 : a > b;
}

int processes_find(struct processes *ret)
{
    *ret = (struct processes){0};
    DIR *all = opendir("/proc");
    int error = 0;
    const struct dirent *entry;
    if (!all)
        return -errno;
    while (!error && (entry = readdir(all))) {
        struct process process;
        pid_t pid = proc_pid(entry->d_name);
        if (pid && process_look(pid, &process) == 0)
            error = add(ret, &process);
    }
    closedir(all);
    if (ret->count)
        qsort(ret->data, ret->count, sizeof(*ret->data), by_pid);
    if (error)
        processes_clear(ret);
    return error;
}

void processes_clear(struct processes *p)
{
    free(p->data);
    *p = (struct processes){0};
}

int process_look(pid_t pid, struct process *ret)
{
    *ret = (struct process){.pid = pid};
    if (!proc_names(pid, ret->name, sizeof(ret->name), ret->program, sizeof(ret->program)))
        return -ESRCH;
    /* The kernel keeps 15 bytes of a name. */
    if (strlen(ret->name) == 15 && strncmp(ret->name, ret->program, 15) == 0)
        memcpy(ret->name, ret->program, sizeof(ret->name));
    ret->uptime_s = proc_uptime_s(pid);
    pid_t server = proc_thread_named(pid, "preflame-http");
    if (server)
        proc_listeners(pid, server, ret->socket_path, sizeof(ret->socket_path), ret->http, sizeof(ret->http));
    if (ret->socket_path[0] || ret->http[0])
        return 0;
    return proc_has_mapped(pid, "/libpreflame.so");
}

bool process_exists(const char *name)
{
    DIR *all = opendir("/proc");
    const struct dirent *entry;
    bool is_there = false;
    while (all && !is_there && (entry = readdir(all))) {
        struct process process = {.pid = proc_pid(entry->d_name)};
        is_there = process.pid &&
                   proc_names(process.pid, process.name, sizeof(process.name), process.program,
                              sizeof(process.program)) &&
                   process_is_called(&process, name);
    }
    if (all)
        closedir(all);
    return is_there;
}
