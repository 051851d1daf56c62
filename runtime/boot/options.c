/* One row a variable. */
#include "boot/options.h"

#include "profilers/cpu.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_switch(const char *value, bool *ret)
{
    if (strcmp(value, "1") == 0 || strcmp(value, "on") == 0)
        *ret = true;
    else if (strcmp(value, "0") == 0 || strcmp(value, "off") == 0)
        *ret = false;
    else
        return false;
    return true;
}

static bool read_off(const char *value, struct options *o)
{
    bool is_on = true;
    if (!read_switch(value, &is_on))
        return false;
    o->is_off = !is_on;
    return true;
}

static bool read_number(const char *value, long low, long high, long *ret)
{
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < low || number > high)
        return false;
    *ret = number;
    return true;
}

/* Looking a name up would wait for a name server before the program's main(). */
static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return !host[0] || strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, host, address) == 1;
}

/* "6060", ":6060", "localhost:6060", "0.0.0.0:6060", "[::1]:6060". */
static bool read_http(const char *value, struct options *o)
{
    const char *colon = strrchr(value, ':');
    const char *port = colon ? colon + 1 : value;
    size_t size = colon ? (size_t)(colon - value) : 0;
    const char *host = value;
    long number;
    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    } else if (memchr(host, ':', size)) {
        return false;
    }
    if (size >= sizeof(o->http_host) || !read_number(port, 0, 65535, &number))
        return false;
    char name[sizeof(o->http_host)];
    memcpy(name, host, size);
    name[size] = 0;
    if (!is_address(name))
        return false;
    memcpy(o->http_host, name, size + 1);
    o->http_port = (uint16_t)number;
    o->has_http = true;
    return true;
}

/* Copies a word of visible ASCII characters; false for another, or one that is too long. */
static bool take_word(const char *value, char *to, size_t size)
{
    size_t len = 0;
    while (value[len] > ' ' && value[len] < 0x7f)
        len++;
    bool is_fit = !value[len] && len < size;
    if (is_fit)
        memcpy(to, value, len + 1);
    return is_fit;
}

/* What can't be sent as a token must neither be shown nor leave the port open. */
static bool read_http_token(const char *value, struct options *o)
{
    o->is_token_unfit = !take_word(value, o->http_token, sizeof(o->http_token));
    if (o->is_token_unfit)
        log_line(LOG_ERROR,
                 "PREFLAME_HTTP_TOKEN is not 1 to 255 visible ASCII characters; nothing is served on TCP");
    return true;
}

static bool read_interval(const char *value, struct options *o)
{
    return read_number(value, 1, 3600, &o->interval_s);
}

static bool read_push(const char *value, struct options *o)
{
    bool is_url = strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0;
    return is_url && take_word(value, o->push, sizeof(o->push));
}

/* Not shown either. */
static bool read_push_token(const char *value, struct options *o)
{
    if (!take_word(value, o->push_token, sizeof(o->push_token)))
        log_line(LOG_ERROR, "PREFLAME_PUSH_TOKEN is not 1 to 255 visible ASCII characters; none is sent");
    return true;
}

static bool read_path(const char *value, char *to)
{
    if (strlen(value) >= PATH_MAX || !value[0])
        return false;
    memcpy(to, value, strlen(value) + 1);
    return true;
}

static bool read_socket(const char *value, struct options *o)
{
    if (strcmp(value, "off") == 0) {
        o->has_socket = false;
        return true;
    }
    return value[0] == '/' && strlen(value) < 108 && read_path(value, o->socket_path);
}

static bool read_out(const char *value, struct options *o)
{
    return read_path(value, o->out);
}

static bool read_profiles(const char *value, struct options *o)
{
    if (strlen(value) >= sizeof(o->profiles))
        return false;
    memcpy(o->profiles, value, strlen(value) + 1);
    return true;
}

static bool read_hz(const char *value, struct options *o)
{
    long number;
    if (!read_number(value, 1, CPU_HZ_MAX, &number))
        return false;
    o->cpu_hz = (int)number;
    return true;
}

/* "2", "0.5", "2%": by hand, as strtod obeys the program's locale. */
static bool read_cpu_budget(const char *value, struct options *o)
{
    char *point;
    unsigned long percent = strtoul(value, &point, 10);
    long ppm = percent <= 100 ? (long)percent * 10000 : -1;
    if (point == value || value[0] < '0' || value[0] > '9')
        return false;
    if (*point == '.') {
        for (int unit = 1000; *++point >= '0' && *point <= '9'; unit /= 10)
            ppm += (*point - '0') * unit;
    }
    if (*point == '%')
        point++;
    o->cpu_budget_ppm = (int32_t)ppm;
    return !*point && ppm >= 0 && ppm <= 1000000;
}

/* "64M": bytes, or as many KiB, MiB or GiB. */
static bool read_memory_max(const char *value, struct options *o)
{
    static const char units[] = "KMG";
    char *end;
    errno = 0;
    uint64_t number = strtoull(value, &end, 10);
    const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (errno || value[0] < '0' || value[0] > '9' || (*end && (!unit || end[1])) ||
        number > UINT64_MAX >> shift)
        return false;
    o->memory_max = number << shift;
    return o->memory_max >= OPTIONS_MEMORY_LEAST;
}

static bool read_heap_interval(const char *value, struct options *o)
{
    return read_number(value, 0, INT32_MAX, &o->heap_interval);
}

static bool read_block_rate(const char *value, struct options *o)
{
    return read_number(value, 0, INT32_MAX, &o->block_rate);
}

static bool read_mutex_fraction(const char *value, struct options *o)
{
    return read_number(value, 0, INT32_MAX, &o->mutex_fraction);
}

static bool read_trace(const char *value, struct options *o)
{
    return read_switch(value, &o->is_traced);
}

static bool read_trace_cpu(const char *value, struct options *o)
{
    return read_switch(value, &o->traces_cpu);
}

static bool read_trace_calls(const char *value, struct options *o)
{
    o->traces_all_calls = strcmp(value, "all") == 0;
    return o->traces_all_calls || strcmp(value, "slow") == 0;
}

static bool read_log(const char *value, struct options *o)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            o->log = (enum log_level)i;
            return true;
        }
    }
    return false;
}

struct row {
    const char *name;
    bool (*read)(const char *value, struct options *o);
    const char *wanted;
};

static const struct row rows[] = {
    {"PREFLAME", read_off, "off, or nothing"},
    {"PREFLAME_LOG", read_log, "error, warn, info or debug"},
    {"PREFLAME_HTTP", read_http, "a port or address:port (an IP address or localhost)"},
    {"PREFLAME_HTTP_TOKEN", read_http_token, "a word"},
    {"PREFLAME_SOCKET", read_socket, "an absolute path of at most 107 bytes, or off"},
    {"PREFLAME_PROFILE", read_profiles, "a list like cpu,heap,mutex"},
    {"PREFLAME_OUT", read_out, "a folder"},
    {"PREFLAME_INTERVAL", read_interval, "a number of seconds from 1 to 3600"},
    {"PREFLAME_PUSH", read_push, "the http:// or https:// URL of a server"},
    {"PREFLAME_PUSH_TOKEN", read_push_token, "a word"},
    {"PREFLAME_CPU_HZ", read_hz, "a number from 1 to 10000"},
    {"PREFLAME_CPU_BUDGET", read_cpu_budget, "a percentage from 0 (no cap) to 100"},
    {"PREFLAME_MEMORY_MAX", read_memory_max, "a number of bytes, 4M or more"},
    {"PREFLAME_HEAP_INTERVAL", read_heap_interval, "a number of bytes from 0 to 2147483647"},
    {"PREFLAME_BLOCK_RATE", read_block_rate, "a number of nanoseconds from 0 to 2147483647"},
    {"PREFLAME_MUTEX_FRACTION", read_mutex_fraction, "a number from 0 to 2147483647"},
    {"PREFLAME_TRACE", read_trace, "1 or 0"},
    {"PREFLAME_TRACE_CPU", read_trace_cpu, "1 or 0"},
    {"PREFLAME_TRACE_SYSCALLS", read_trace_calls, "slow or all"},
};

void options_read(struct options *ret)
{
    *ret = (struct options){.has_socket = true,
                            .cpu_hz = 100,
                            .cpu_budget_ppm = 20000,
                            .memory_max = OPTIONS_MEMORY_MAX,
                            .heap_interval = 524288,
                            .block_rate = 10000,
                            .mutex_fraction = 1,
                            .traces_cpu = true,
                            .log = LOG_WARN};
    for (unsigned i = 0; i < ARRAY_SIZE(rows) && !ret->is_off;
         i++) { /* off comes first, and then nothing matters */
        const char *value = getenv(rows[i].name);
        if (!value || !value[0])
            continue;
        struct options next = *ret;
        if (rows[i].read(value, &next))
            *ret = next;
        else
            log_line(LOG_WARN, "%s=%.200s is not %s; the default is used", rows[i].name, value,
                     rows[i].wanted);
    }
}
