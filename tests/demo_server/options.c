/* The demo server's command line: `--name=value` words only. */
#include "tests/demo_server/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 256 };

void options_help(void)
{
    puts("Usage: demo-server [OPTION]...\n"
         "A small HTTP server on loopback to try a profiler on.\n"
         "\n"
         "  --port=N                port to listen on (default 8080; 0 picks a free one)\n"
         "  --threads=N             workers of --mode=pool, 1 to 256 (default 4)\n"
         "  --mode=pool|connection  a fixed pool of threads (default), or one thread a connection\n"
         "  --map=pointer|value     users in many small allocations (default), or in two blocks\n"
         "  --log                   print each request on stdout, under one lock\n"
         "  --help                  this text\n"
         "\n"
         "  /hello  looks users up and answers about 200 KB of JSON\n"
         "  /test   starts ten threads, each prints a line, joins them, answers `success`\n"
         "\n"
         "Prints `demo-server: listening on URL` when ready. SIGINT or SIGTERM ends it with status 0.");
}

static int parse_number(const char *text, unsigned long min, unsigned long max, unsigned long *ret)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno || end == text || *end || number < min || number > max || *text == '-') {
        return -EINVAL;
    }
    *ret = number;
    return 0;
}

/* The value behind `--name=` when `word` is that option, else NULL. */
static const char *value_of(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 ? word + len : NULL;
}

static int parse_choice(const char *text, const char *const names[2], unsigned *ret)
{
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_word(const char *word, struct options *o)
{
    static const char *const modes[2] = {"pool", "connection"};
    static const char *const maps[2] = {"pointer", "value"};
    const char *value;
    unsigned long number = 0;
    unsigned choice = 0;
    int r = 0;
    if ((value = value_of(word, "--port="))) {
        r = parse_number(value, 0, UINT16_MAX, &number);
        o->port = (uint16_t)number;
    } else if ((value = value_of(word, "--threads="))) {
        r = parse_number(value, 1, MAX_THREADS, &number);
        o->threads = (unsigned)number;
    } else if ((value = value_of(word, "--mode="))) {
        r = parse_choice(value, modes, &choice);
        o->mode = (enum server_mode)choice;
    } else if ((value = value_of(word, "--map="))) {
        r = parse_choice(value, maps, &choice);
        o->map = (enum map_kind)choice;
    } else if (strcmp(word, "--log") == 0) {
        o->is_logging = true;
    } else if (strcmp(word, "--help") == 0) {
        o->is_help = true;
    } else {
        r = -EINVAL;
    }
    return r;
}

int options_parse(int argc, char **argv, struct options *ret)
{
    struct options o = {.port = 8080, .threads = 4, .mode = MODE_POOL, .map = MAP_POINTER};
    for (int i = 1; i < argc; i++) {
        if (parse_word(argv[i], &o) < 0) {
            fprintf(stderr, "demo-server: cannot understand '%s'; see demo-server --help\n", argv[i]);
            return -EINVAL;
        }
    }
    *ret = o;
    return 0;
}
