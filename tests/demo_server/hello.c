/* The answer of /hello: users from all over the map, as JSON. */
#include "tests/demo_server/hello.h"

#include "tests/demo_server/json.h"

enum { USERS_PER_ANSWER = 1000 };

/* A step that shares no factor with the number of users visits all of them, far apart in memory. */
static inline uint64_t user_for(uint64_t request, uint64_t index)
{
    const uint64_t step = 7919;
    return (request * USERS_PER_ANSWER + index) * step % USERS_COUNT + 1;
}

__attribute__((noinline)) void hello_answer(const struct user_map *map, uint64_t request, struct bytes *out)
{
    bytes_puts(out, "{\"users\":[");
    for (uint64_t i = 0; i < USERS_PER_ANSWER; i++) {
        struct user_view user;
        if (users_lookup(map, user_for(request, i), &user) < 0) {
            continue;
        }
        if (i) {
            bytes_put(out, ",", 1);
        }
        json_append_user(out, &user);
    }
    bytes_puts(out, "]}\n");
}
