/* The answer of /hello. */
#ifndef PREFLAME_DEMO_HELLO_H
#define PREFLAME_DEMO_HELLO_H

#include "base/bytes.h"
#include "tests/demo_server/users.h"

/* Appends {"users":[...]} with 1000 users, about 200 KB; `request` (a running number) chooses which, all over
 * the map. Errors stick in `out`. Any thread. */
void hello_answer(const struct user_map *map, uint64_t request, struct bytes *out);

#endif
