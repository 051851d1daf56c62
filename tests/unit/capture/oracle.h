/* The oracle: one interrupted context walked by libunwind and by ours, and what came of comparing them. */
#ifndef PREFLAME_TESTS_CAPTURE_ORACLE_H
#define PREFLAME_TESTS_CAPTURE_ORACLE_H

#include <stdint.h>
#include <ucontext.h>

/* Starts a count, with the bounds of the stack that will be interrupted; high 0 = unknown to ours. */
void oracle_begin(uint64_t stack_low, uint64_t stack_high);
/* Walks and compares. Signal-safe as far as libunwind is. */
void oracle_compare(const ucontext_t *context);
uint64_t oracle_compared(void);
/* Of a thousand stacks, how many were equal; 0 when there were none. */
double oracle_equal_permille(void);
/* Prints the counts and the first stacks that differed. Not in handlers. */
void oracle_report(const char *title);

#endif
