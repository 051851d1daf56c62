/* What all commands say the same way: wrong usage, their help, the version; and how they read numbers. */
#ifndef PREFLAME_VIEWER_CLI_USAGE_H
#define PREFLAME_VIEWER_CLI_USAGE_H

#include "base/compiler.h"

#include <getopt.h>
#include <stdbool.h>

/* Values of getopt_long for the two rows that every command has. */
enum { USAGE_HELP = 0x300, USAGE_VERSION };

/* clang-format off */
#define USAGE_LONG_OPTIONS                        \
    {"help", no_argument, NULL, USAGE_HELP},      \
    {"version", no_argument, NULL, USAGE_VERSION}
/* clang-format on */

#define USAGE_OPTIONS_HELP "      --help, --version\n"

/* One line on stderr: "preflame: PROBLEM VALUE; try `preflame COMMAND --help`". `value` may be NULL.
 * Returns EXIT_USAGE. */
int usage_error(const char *command, const char *problem, const char *value);
/* The same for what getopt_long did not know: names the word it stopped at. */
int usage_bad_option(const char *command, char *const argv[]);
/* Prints `help`, or for USAGE_VERSION the version. Returns the exit status. */
int usage_answer(int option, const char *help);
/* A decimal number from `min` to `max` and nothing else. */
bool usage_number(const char *text, unsigned long min, unsigned long max, unsigned long *ret) MUST_USE;

#endif
