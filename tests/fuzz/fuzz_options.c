/* Any bytes as an environment, a variable up to each zero byte: the settings stay within their limits. */
#include "boot/options.h"
#include "profilers/cpu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_limits(const struct options *o)
{
    check(o->cpu_hz >= 1 && o->cpu_hz <= CPU_HZ_MAX);
    check(o->heap_interval >= 0 && o->block_rate >= 0 && o->mutex_fraction >= 0);
    check(memchr(o->http_host, 0, sizeof(o->http_host)) && memchr(o->http_token, 0, sizeof(o->http_token)));
    check(memchr(o->socket_path, 0, sizeof(o->socket_path)) && memchr(o->out, 0, sizeof(o->out)));
    check(memchr(o->profiles, 0, sizeof(o->profiles)) && o->log <= LOG_DEBUG);
    check(!o->socket_path[0] || (o->socket_path[0] == '/' && strlen(o->socket_path) < 108));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *variables[VARIABLES_MAX + 1] = {0}, **before = environ;
    char *text = malloc(size + 1); /* exactly as long, so that any overrun is seen */
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    size_t count = 0;
    for (size_t at = 0; at < size && count < VARIABLES_MAX; at += strlen(text + at) + 1)
        variables[count++] = text + at;
    struct options options;
    environ = variables;
    options_read(&options);
    environ = before;
    check_limits(&options);
    free(text);
    return 0;
}
