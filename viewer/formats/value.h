/* Numbers with units, as people read them. */
#ifndef PREFLAME_VIEWER_VALUE_H
#define PREFLAME_VIEWER_VALUE_H

#include <stddef.h>
#include <stdint.h>

#define VALUE_TEXT_SIZE 64

/* "1.25 s", "3.00 MiB", "42"; `unit` as in pprof. Writes to `ret` (VALUE_TEXT_SIZE bytes) and returns it. */
const char *value_text(int64_t value, const char *unit, char *ret);
/* The printf width that fills `columns` on screen: printf counts bytes, and "µ" has two. */
int value_width(int columns, const char *text);
/* `part` of `whole` in percent; 0 of nothing is 0. */
double percent_of(int64_t part, int64_t whole);

#endif
