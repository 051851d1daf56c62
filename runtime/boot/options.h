/* The settings of a process, from its environment. */
#ifndef PREFLAME_BOOT_OPTIONS_H
#define PREFLAME_BOOT_OPTIONS_H

#include "base/log.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_MEMORY_MAX (UINT64_C(384) << 20) /* all tables full */
#define OPTIONS_MEMORY_LEAST (UINT64_C(4) << 20)

struct options {
    bool is_off;
    bool has_http;
    char http_host[256]; /* "" = loopback */
    uint16_t http_port;
    char http_token[256]; /* "" = none */
    bool is_token_unfit;  /* one was given that can't be used: then there is no TCP */
    bool has_socket;
    char socket_path[PATH_MAX]; /* "" = the default place */
    char profiles[256];         /* names, as given; "" = none */
    char out[PATH_MAX];         /* "" = a fresh folder */
    int cpu_hz;
    int32_t cpu_budget_ppm; /* of the program's CPU time, in millionths, that preflame may cost; 0 = any */
    uint64_t memory_max;    /* bytes that preflame's tables may take */
    int64_t heap_interval;  /* mean bytes between heap samples; 0 = off */
    int64_t block_rate;     /* ns blocked a block sample; 0 = off */
    int64_t mutex_fraction; /* contended unlocks a mutex sample; 0 = off */
    bool is_traced;
    bool traces_all_calls;
    bool traces_cpu;
    long interval_s;      /* of rolling profiles; 0 = none, unless they are pushed */
    char push[1024];      /* a Pyroscope server; "" = none */
    char push_token[256]; /* "" = none */
    enum log_level log;
};

/* Reads PREFLAME_* (the names and defaults of the project's interface). A wrong value gives one line through
 * log_line and the default. Boot-only. */
void options_read(struct options *ret);
/* How many of `count` entries a table may use, of which all together take OPTIONS_MEMORY_MAX. Any thread. */
static inline uint64_t options_part_of_memory(const struct options *options, uint64_t count)
{
    uint64_t most = OPTIONS_MEMORY_MAX >> 10, max = options->memory_max >> 10;
    return max < most ? count * max / most : count;
}

#endif
