/* A word's meaning, by its looks and by what there is. */
#include "viewer/client/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int take_process(const struct process *process, struct endpoint *ret, char *why)
{
    if (!process->socket_path[0] && !process->http[0]) {
        snprintf(
            why, ENDPOINT_WHY_BYTES,
            "process %d (%s) has no endpoint yet, or PREFLAME_SOCKET=off; start it with PREFLAME_HTTP=PORT",
            (int)process->pid, process->name);
        return -ENOENT;
    }
    snprintf(ret->name, sizeof(ret->name), "%s", process->name);
    snprintf(ret->base, sizeof(ret->base), "http://%s",
             process->socket_path[0] ? "localhost" : process->http);
    memcpy(ret->socket_path, process->socket_path, sizeof(ret->socket_path));
    ret->pid = process->pid;
    return 0;
}

static int take_pid(pid_t pid, struct endpoint *ret, char *why)
{
    struct process process;
    int error = process_look(pid, &process);
    if (error == -ESRCH)
        snprintf(why, ENDPOINT_WHY_BYTES, "there is no process %d; `preflame ls` lists those to choose from",
                 (int)pid);
    else if (error == -EACCES)
        snprintf(why, ENDPOINT_WHY_BYTES, "process %d (%s) is another user's; look as that user or as root",
                 (int)pid, process.name);
    else if (error)
        snprintf(why, ENDPOINT_WHY_BYTES,
                 "process %d (%s) is not instrumented; start it with `preflame run -- %s`", (int)pid,
                 process.name, process.program[0] ? process.program : process.name);
    return error ? error : take_process(&process, ret, why);
}

static void list_pids(const struct processes *all, const char *name, char *why)
{
    size_t len =
        (size_t)snprintf(why, ENDPOINT_WHY_BYTES, "several processes are called '%.64s'; give one of", name);
    for (size_t i = 0; i < all->count && len < ENDPOINT_WHY_BYTES; i++)
        if (process_is_called(&all->data[i], name))
            len += (size_t)snprintf(why + len, ENDPOINT_WHY_BYTES - len, " %d", (int)all->data[i].pid);
}

/* -ESRCH without a word in `why`: no instrumented process is called so. */
static int take_name(const char *name, struct endpoint *ret, char *why)
{
    struct processes all;
    const struct process *found = NULL;
    size_t count = 0;
    int error = processes_find(&all);
    if (error) {
        snprintf(why, ENDPOINT_WHY_BYTES, "cannot read /proc: %s", strerror(-error));
        return error;
    }
    for (size_t i = 0; i < all.count; i++) {
        if (process_is_called(&all.data[i], name)) {
            found = &all.data[i];
            count++;
        }
    }
    error = !count ? -ESRCH : count > 1 ? -EEXIST : take_process(found, ret, why);
    if (error == -EEXIST)
        list_pids(&all, name, why);
    processes_clear(&all);
    return error;
}

/* 0 or -ENAMETOOLONG. */
static int take_url(const char *url, struct endpoint *ret, char *why)
{
    static const char *const tops[] = {"", "/", "/debug/pprof", "/debug/pprof/"};
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + 3 : url;
    const char *path = host + strcspn(host, "/?#");
    const char *debug = strstr(path, "/debug/");
    const char *at = memchr(host, '@', (size_t)(path - host)); /* a user and a password are nobody's name */
    if (strlen(url) + sizeof("http://") > ENDPOINT_URL_BYTES) {
        snprintf(why, ENDPOINT_WHY_BYTES, "the URL is too long");
        return -ENAMETOOLONG;
    }
    const char *rest = debug ? debug : path;
    snprintf(ret->base, sizeof(ret->base), "%s%.*s", scheme ? "" : "http://", (int)(rest - url), url);
    snprintf(ret->path, sizeof(ret->path), "%.*s", (int)strcspn(rest, "#"), rest);
    for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
        if (strcmp(ret->path, tops[i]) == 0)
            ret->path[0] = 0;
    host = at ? at + 1 : host;
    snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(path - host), host);
    return 0;
}

static bool take_file(const char *path, struct endpoint *ret)
{
    struct stat about;
    if (stat(path, &about) != 0 || strlen(path) >= sizeof(ret->name))
        return false;
    snprintf(ret->name, sizeof(ret->name), "%s", path);
    if (S_ISSOCK(about.st_mode) && strlen(path) < sizeof(ret->socket_path)) {
        const char *slash = strrchr(path, '/');
        memcpy(ret->socket_path, path, strlen(path) + 1);
        snprintf(ret->base, sizeof(ret->base), "http://localhost");
        memmove(ret->name, ret->name + (slash ? slash + 1 - path : 0), strlen(slash ? slash + 1 : path) + 1);
    } else {
        ret->is_file = true;
    }
    return true;
}

int endpoint_find(const char *target, struct endpoint *ret, char why[ENDPOINT_WHY_BYTES])
{
    *ret = (struct endpoint){0};
    why[0] = 0;
    size_t digits = strspn(target, "0123456789");
    if (strstr(target, "://"))
        return take_url(target, ret, why);
    if (digits && digits < 10 && !target[digits]) {
        pid_t pid = 0;
        sscanf(target, "%d", &pid);
        return take_pid(pid, ret, why);
    }
    int error = strchr(target, '/') ? -ESRCH : take_name(target, ret, why);
    if (error != -ESRCH || take_file(target, ret))
        return error == -ESRCH ? 0 : error;
    if (target[0] != '/' && target[0] != '.' && (strchr(target, ':') || strstr(target, "/debug/")))
        return take_url(target, ret, why);
    if (strchr(target, '/'))
        snprintf(why, ENDPOINT_WHY_BYTES, "there is no file or socket '%.300s'", target);
    else if (process_exists(target))
        snprintf(why, ENDPOINT_WHY_BYTES,
                 "no process called '%.64s' is instrumented; start it with `preflame run -- %.64s`", target,
                 target);
    else
        snprintf(why, ENDPOINT_WHY_BYTES,
                 "there is no process or file called '%.64s'; `preflame ls` lists those to choose from",
                 target);
    return -ESRCH;
}
