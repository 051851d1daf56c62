/* What the demo server is told on its command line. */
#ifndef PREFLAME_DEMO_OPTIONS_H
#define PREFLAME_DEMO_OPTIONS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

enum server_mode { MODE_POOL, MODE_CONNECTION };
enum map_kind { MAP_POINTER, MAP_VALUE };

struct options {
    uint16_t port;    /* 0 = the kernel picks one */
    unsigned threads; /* workers of the pool */
    enum server_mode mode;
    enum map_kind map;
    bool is_logging;
    bool is_help;
};

/* Fills `ret` from the arguments. 0, or -EINVAL after one line on stderr. */
int options_parse(int argc, char **argv, struct options *ret) MUST_USE;
/* Prints the help text on stdout. */
void options_help(void);

#endif
