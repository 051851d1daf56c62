/* What the measuring programs share: whole-number options, and one line of JSON as the result. */
#ifndef PREFLAME_BENCH_TIMING_H
#define PREFLAME_BENCH_TIMING_H

#include <stdint.h>

/* The number behind `--name=` among the arguments, or `fallback`. Ends the program with status 2 and one line
 * on stderr when it isn't a number from 1 to 10^12. */
int64_t timing_option(int argc, char **argv, const char *name, int64_t fallback);
/* Prints {"operations":N,"ns_per_op":X} on stdout: `total_ns` spread over the operations. */
void timing_print(int64_t operations, int64_t total_ns);

#endif
