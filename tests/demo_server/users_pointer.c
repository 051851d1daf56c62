/* Users as many small allocations: a chained table of records, each record and each text on its own. */
#include "tests/demo_server/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct user_node {
    struct user_node *next;
    uint64_t id;
    char *text[USER_TEXTS]; /* owned, one allocation each */
};

struct users {
    size_t room;
    struct user_node *chains[];
};

static void user_node_free(struct user_node *node)
{
    for (size_t i = 0; i < USER_TEXTS; i++) {
        free(node->text[i]);
    }
    free(node);
}

static void users_pointer_clear(struct users *users)
{
    for (size_t i = 0; i < users->room; i++) {
        while (users->chains[i]) {
            struct user_node *node = users->chains[i];
            users->chains[i] = node->next;
            user_node_free(node);
        }
    }
    free(users);
}

/* One user and its texts, USER_TEXTS + 1 allocations; NULL when memory ran out. */
__attribute__((noinline)) static struct user_node *user_node_new(uint64_t id)
{
    struct user_node *node = calloc(1, sizeof(*node));
    if (!node) {
        return NULL;
    }
    node->id = id;
    for (unsigned i = 0; i < USER_TEXTS; i++) {
        char text[256];
        user_compose(id, (enum user_text)i, text, sizeof(text));
        node->text[i] = strdup(text);
        if (!node->text[i]) {
            user_node_free(node);
            return NULL;
        }
    }
    return node;
}

static struct users *users_pointer_build(size_t count)
{
    size_t room = user_table_room(count);
    struct users *users = calloc(1, sizeof(*users) + room * sizeof(users->chains[0]));
    if (!users) {
        return NULL;
    }
    users->room = room;
    for (uint64_t id = 1; id <= count; id++) {
        struct user_node *node = user_node_new(id);
        if (!node) {
            users_pointer_clear(users);
            return NULL;
        }
        size_t place = user_hash(id, room);
        node->next = users->chains[place];
        users->chains[place] = node;
    }
    return users;
}

static int users_pointer_lookup(const struct users *users, uint64_t id, struct user_view *ret)
{
    const struct user_node *node = users->chains[user_hash(id, users->room)];
    while (node && node->id != id) {
        node = node->next;
    }
    if (!node) {
        return -ENOENT;
    }
    ret->id = node->id;
    for (size_t i = 0; i < USER_TEXTS; i++) {
        ret->text[i] = node->text[i];
    }
    return 0;
}

const struct users_ops users_pointer_ops = {users_pointer_build, users_pointer_lookup, users_pointer_clear};
