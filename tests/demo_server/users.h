/* The users that /hello tells of: one interface, two ways to keep them in memory. */
#ifndef PREFLAME_DEMO_USERS_H
#define PREFLAME_DEMO_USERS_H

#include "base/compiler.h"
#include "tests/demo_server/options.h"

#include <stddef.h>
#include <stdint.h>

enum { USERS_COUNT = 20000 };

/* Texts of a user, in the order of the JSON members. */
enum user_text { USER_NAME, USER_EMAIL, USER_CITY, USER_BIO, USER_TEXTS };

/* A user as the answer shows it: borrowed texts, valid as long as the map. */
struct user_view {
    uint64_t id;
    const char *text[USER_TEXTS];
};

struct users;

/* One way to keep users: built once, then read by any thread without a lock. */
struct users_ops {
    struct users *(*build)(size_t count); /* NULL when memory ran out */
    int (*lookup)(const struct users *users, uint64_t id, struct user_view *ret); /* 0 or -ENOENT */
    void (*clear)(struct users *users);
};

extern const struct users_ops users_pointer_ops;
extern const struct users_ops users_value_ops;

struct user_map {
    const struct users_ops *ops;
    struct users *users; /* owned */
};

/* Builds `count` users (ids 1 to count). 0 or -ENOMEM. Release with users_free. */
int users_build(enum map_kind kind, size_t count, struct user_map *ret) MUST_USE;
/* Finds a user. 0 or -ENOENT. Any thread. */
int users_lookup(const struct user_map *map, uint64_t id, struct user_view *ret) MUST_USE;
/* Frees what users_build made. Safe on a zeroed struct. */
void users_free(struct user_map *map);

/* Writes the text `which` of user `id` into `out` (NUL-terminated); the same words for the same id, always.
 */
void user_compose(uint64_t id, enum user_text which, char *out, size_t size);

/* Where `id` belongs in a table of `room` (a power of two) places. */
static inline size_t user_hash(uint64_t id, size_t room)
{
    id ^= id >> 33;
    id *= UINT64_C(0xff51afd7ed558ccd);
    id ^= id >> 33;
    return (size_t)id & (room - 1);
}

/* The smallest power of two that leaves half of the places free. */
static inline size_t user_table_room(size_t count)
{
    size_t room = 16;
    while (room < count * 2) {
        room *= 2;
    }
    return room;
}

#endif
