/* The command's words, its environment, and what becomes of the lines that it writes. */
#include "boot/collector.h"

#include "base/clock.h"
#include "boot/out_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AFTER_NS NS_PER_S
#define INTERVAL_S 15 /* when only a server is given */
#define WORDS_MAX 12
#define EXTRA_MAX 3 /* variables */

static const struct engine_host *host;
static bool is_wanted, is_fork_child, has_announced;
static char target[PATH_MAX];
static char interval[32], name[128], suffix[32], kinds[64], output[PATH_MAX + 8];
static char push[sizeof("PREFLAME_PUSH=") + sizeof(((struct options *)0)->push)];
static char push_token[sizeof("PREFLAME_PUSH_TOKEN=") + sizeof(((struct options *)0)->push_token)];
static char http_token[sizeof("PREFLAME_HTTP_TOKEN=") + sizeof(((struct options *)0)->http_token)];
static const char *words[WORDS_MAX];
static struct helper_command command = {.argv = words, .nice_add = 5};

/* Secrets travel in the environment, which others can't read, and not in the words, which they can. */
static const char **environment_new(const char *const *base)
{
    const struct options *options = host->options;
    size_t count = 0;
    while (base[count])
        count++;
    const char **env = calloc(count + EXTRA_MAX + 1, sizeof(*env));
    if (!env)
        return NULL;
    memcpy(env, base, count * sizeof(*env));
    snprintf(push, sizeof(push), "PREFLAME_PUSH=%s", options->push);
    snprintf(push_token, sizeof(push_token), "PREFLAME_PUSH_TOKEN=%s", options->push_token);
    snprintf(http_token, sizeof(http_token), "PREFLAME_HTTP_TOKEN=%s", options->http_token);
    env[count++] = push;
    if (options->push_token[0])
        env[count++] = push_token;
    if (options->http_token[0])
        env[count++] = http_token;
    return env;
}

/* A CPU profile that is written at exit runs all the time, and there is one at a time. */
static void choose_kinds(void)
{
    bool is_taken = false;
    char names[sizeof(host->options->profiles)], *rest = NULL;
    memcpy(names, host->options->profiles, sizeof(names));
    for (char *kind = strtok_r(names, ",", &rest); kind; kind = strtok_r(NULL, ",", &rest))
        is_taken |= strcmp(kind, "cpu") == 0 || strcmp(kind, "wall") == 0;
    snprintf(kinds, sizeof(kinds), "--profile=%sheap,mutex,block", is_taken ? "" : "cpu,");
    if (is_taken)
        host->log(LOG_WARN, "PREFLAME_INTERVAL: without cpu, which PREFLAME_PROFILE takes until the exit");
}

void collector_init(const struct engine_host *the_host, const char *command_path, const char *const *env)
{
    host = the_host;
    const struct options *options = host->options;
    is_wanted = options->interval_s || options->push[0];
    if (!is_wanted)
        return;
    command.env = env ? environment_new(env) : NULL;
    if (!command_path || !command.env)
        host->log(LOG_WARN, "no rolling profiles: %s",
                  command_path ? strerror(ENOMEM) : "no `preflame` command");
    /* A relative name means a folder of where the program starts. */
    is_wanted = command_path && command.env && (!options->out[0] || out_folder(host));
    if (!is_wanted)
        return;
    choose_kinds();
    words[0] = command_path;
    snprintf(interval, sizeof(interval), "--interval=%ld",
             options->interval_s ? options->interval_s : INTERVAL_S);
    snprintf(name, sizeof(name), "--name=%s", program_invocation_short_name);
}

/* What a child says on stderr is often read by the program that made it. */
static bool is_first(void)
{
    return !host->is_child && !is_fork_child;
}

/* Where nobody asked for a folder, a server may be enough. */
static bool wants_files(void)
{
    return host->options->out[0] || !host->options->push[0];
}

static const struct helper_command *begin(void *context)
{
    (void)context;
    size_t count = 1;
    const char *folder = wants_files() ? out_folder(host) : NULL;
    if (!target[0] || (wants_files() && !folder))
        return NULL;
    words[count++] = "collect";
    words[count++] = "--beside";
    words[count++] = interval;
    words[count++] = kinds;
    words[count++] = name;
    if (folder) {
        snprintf(output, sizeof(output), "--output=%s", folder);
        words[count++] = output;
    }
    if (!is_first()) {
        snprintf(suffix, sizeof(suffix), "--process=%d", (int)getpid());
        words[count++] = suffix;
    }
    words[count++] = "--";
    words[count++] = target;
    words[count] = NULL;
    if (!has_announced)
        host->log(is_first() ? LOG_ERROR : LOG_INFO, "rolling profiles enabled, %s",
                  folder ? folder : host->options->push);
    has_announced = true;
    return &command;
}

static void said(void *context, const char *line)
{
    static const char prefix[] = "preflame: ";
    (void)context;
    if (line && strncmp(line, prefix, sizeof(prefix) - 1) == 0)
        line += sizeof(prefix) - 1;
    if (line)
        host->log(LOG_WARN, "rolling profiles: %s", line);
    else
        host->log(LOG_WARN, "rolling profiles have ended");
}

const struct http_companion *collector_companion(void)
{
    static const struct http_companion companion = {.after_ns = AFTER_NS, .begin = begin, .said = said};
    return is_wanted ? &companion : NULL;
}

void collector_place(const char *socket_path, const char *host_name, uint16_t port)
{
    target[0] = 0;
    if (socket_path[0])
        snprintf(target, sizeof(target), "%s", socket_path);
    else if (port)
        snprintf(target, sizeof(target), "http://%s:%u", host_name, port);
}

void collector_after_fork_child(void)
{
    is_fork_child = true;
    has_announced = false;
}
