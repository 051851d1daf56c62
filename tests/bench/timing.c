/* What the measuring programs share. */
#include "tests/bench/timing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t timing_option(int argc, char **argv, const char *name, int64_t fallback)
{
    size_t len = strlen(name);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], name, len) != 0 || argv[i][len] != '=') {
            continue;
        }
        char *end;
        const char *text = argv[i] + len + 1;
        errno = 0;
        int64_t number = strtoll(text, &end, 10);
        if (errno || end == text || *end || number < 1 || number > INT64_C(1000000000000)) {
            fprintf(stderr, "bench: '%s' needs a whole number from 1 to 10^12\n", argv[i]);
            exit(2);
        }
        return number;
    }
    return fallback;
}

void timing_print(int64_t operations, int64_t total_ns)
{
    printf("{\"operations\":%" PRId64 ",\"ns_per_op\":%.3f}\n", operations,
           (double)total_ns / (double)operations);
}
