/* Users in two blocks: an open-addressed table of records, and one buffer that holds all texts. */
#include "base/bytes.h"
#include "tests/demo_server/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 256 };

/* Offsets, not pointers: the text block may move while it grows. */
struct user_value {
    uint64_t id; /* 0 marks a free place */
    size_t text_offset[USER_TEXTS];
};

struct users {
    struct bytes texts;
    size_t room;
    struct user_value values[];
};

static void users_value_clear(struct users *users)
{
    bytes_clear(&users->texts);
    free(users);
}

/* The place of `id`, or the free place where it would go. Half of the table is free, so this ends. */
static inline size_t find_place(const struct users *users, uint64_t id)
{
    size_t place = user_hash(id, users->room);
    while (users->values[place].id && users->values[place].id != id) {
        place = (place + 1) & (users->room - 1);
    }
    return place;
}

__attribute__((noinline)) static void user_value_put(struct users *users, uint64_t id)
{
    struct user_value *value = &users->values[find_place(users, id)];
    value->id = id;
    for (unsigned i = 0; i < USER_TEXTS; i++) {
        char text[TEXT_MAX];
        user_compose(id, (enum user_text)i, text, sizeof(text));
        value->text_offset[i] = users->texts.len;
        bytes_put(&users->texts, text, strlen(text) + 1);
    }
}

static struct users *users_value_build(size_t count)
{
    size_t room = user_table_room(count);
    struct users *users = calloc(1, sizeof(*users) + room * sizeof(users->values[0]));
    if (!users) {
        return NULL;
    }
    users->room = room;
    bytes_init(&users->texts, count * USER_TEXTS * TEXT_MAX);
    for (uint64_t id = 1; id <= count; id++) {
        user_value_put(users, id);
    }
    if (users->texts.error) {
        users_value_clear(users);
        return NULL;
    }
    return users;
}

static int users_value_lookup(const struct users *users, uint64_t id, struct user_view *ret)
{
    const struct user_value *value = &users->values[find_place(users, id)];
    if (!value->id) {
        return -ENOENT;
    }
    ret->id = value->id;
    for (size_t i = 0; i < USER_TEXTS; i++) {
        ret->text[i] = (const char *)users->texts.data + value->text_offset[i];
    }
    return 0;
}

const struct users_ops users_value_ops = {users_value_build, users_value_lookup, users_value_clear};
