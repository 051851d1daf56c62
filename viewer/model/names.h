/* Frame and thread names, each stored once and known by a number. No format in, no format out. */
#ifndef PREFLAME_VIEWER_NAMES_H
#define PREFLAME_VIEWER_NAMES_H

#include "base/map.h"

#include <stddef.h>
#include <stdint.h>

#define NAMES_MAX_COUNT (1u << 21)          /* different names kept */
#define NAMES_MAX_BYTES ((size_t)512 << 20) /* of text, all names together */
#define NAME_MAX_BYTES 2048                 /* of one name; the rest is cut */
#define NAME_OTHER 0u                       /* stands for every name that no longer fitted */

struct names {
    struct map ids;
    char **texts; /* owned; texts[0] is unused, for NAME_OTHER is a constant */
    size_t count, room;
    size_t size_bytes;
    uint64_t refused; /* names that became NAME_OTHER */
};

/* Starts an empty table. Allocates nothing. */
void names_init(struct names *n);
/* Frees all texts; an empty table stays. */
void names_clear(struct names *n);
/* The number of `text` (NULL is ""), made if new. NAME_OTHER when a limit or the memory ends, counted in
 * `refused`. */
uint32_t names_add(struct names *n, const char *text);
/* The text of a number; never NULL. Lives as long as the table. */
const char *names_text(const struct names *n, uint32_t id);

#endif
