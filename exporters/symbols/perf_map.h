/* Names of code that a program made at run time (JIT compilers), from the file in which it tells perf of
 * them: /tmp/perf-PID.map, lines of START SIZE NAME, the numbers in hex (Linux,
 * tools/perf/Documentation/jit-interface.txt). */
#ifndef PREFLAME_EXPORTERS_PERF_MAP_H
#define PREFLAME_EXPORTERS_PERF_MAP_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERF_MAP_LINE_MAX 1024 /* what of a longer line is behind this is left out */

struct perf_map {
    const uint64_t *addresses; /* borrowed: asked for, ascending, each once */
    char **names;              /* owned: one for each, NULL = none */
    size_t count;
    char line[PERF_MAP_LINE_MAX]; /* the one under way */
    size_t line_len;
    int error;
};

/* A map that nothing has been read into, for addresses that must outlive it. 0 or -ENOMEM. */
int perf_map_init(struct perf_map *map, const uint64_t *addresses, size_t count) MUST_USE;
/* Reads the next bytes of a map's text. Code is made where other code was: a later line has it. Lines that
 * are no lines are skipped, as is a last one without its end. What is kept depends on the addresses, not on
 * the text's size; without memory map->error tells. */
void perf_map_feed(struct perf_map *map, const char *text, size_t len);
/* Feeds a file. Only a regular one that belongs to this user or to root, as perf has it: a stranger may have
 * put one into /tmp. 0 (also when there is none), -EPERM, -ENOMEM or another negative errno. */
int perf_map_read(struct perf_map *map, const char *path) MUST_USE;
/* The name of the code that holds one of the addresses, or NULL. */
const char *perf_map_find(const struct perf_map *map, uint64_t address);
/* Fine on a zeroed map, and twice. */
void perf_map_clear(struct perf_map *map);

#endif
