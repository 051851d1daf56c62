/* Making users up, and the door to the two ways of keeping them. */
#include "tests/demo_server/users.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char *const first_names[] = {"Ada",   "Alan",        "Barbara", "Dennis", "Edsger",  "Frances",
                                          "Grace", "Jos\xc3\xa9", "Ken",     "Lynn",   "Niklaus", "Radia"};
static const char *const last_names[] = {"Allen",   "Conway",  "Dijkstra", "Hopper", "Liskov", "Lovelace",
                                         "Perlman", "Ritchie", "Thompson", "Turing", "Valim",  "Wirth"};
static const char *const cities[] = {"Aarhus", "Bergen", "Cork",  "Delft",
                                     "Espoo",  "Faro",   "Ghent", "Z\xc3\xbcrich"};
/* Quotes, backslashes, tabs and line ends: so that escaping them is work that shows. */
static const char *const quotes[] = {
    "Says: \"measure, then cut\".\tKeeps notes in C:\\notes\\profiles and reads them twice a year, in "
    "winter.",
    "Writes letters with a pen.\nOwns a bicycle, two cats & a <very> small telescope; answers mail on "
    "Mondays.",
    "Thinks that \"it works\" is the beginning of the work.\r\nPaths like \\\\server\\share still turn up in "
    "dreams.",
};

static inline const char *pick(const char *const *words, size_t count, uint64_t seed)
{
    return words[seed % count];
}

void user_compose(uint64_t id, enum user_text which, char *out, size_t size)
{
    const char *first = pick(first_names, ARRAY_SIZE(first_names), id);
    const char *last = pick(last_names, ARRAY_SIZE(last_names), id / 7);
    switch (which) {
    case USER_NAME:
        snprintf(out, size, "%s %s", first, last);
        break;
    case USER_EMAIL:
        snprintf(out, size, "user%" PRIu64 "@example.org", id);
        break;
    case USER_CITY:
        snprintf(out, size, "%s", pick(cities, ARRAY_SIZE(cities), id / 3));
        break;
    default:
        snprintf(out, size, "%s", pick(quotes, ARRAY_SIZE(quotes), id));
        break;
    }
}

__attribute__((noinline)) int users_build(enum map_kind kind, size_t count, struct user_map *ret)
{
    const struct users_ops *ops = kind == MAP_POINTER ? &users_pointer_ops : &users_value_ops;
    struct users *users = ops->build(count);
    if (!users) {
        return -ENOMEM;
    }
    *ret = (struct user_map){.ops = ops, .users = users};
    return 0;
}

__attribute__((noinline)) int users_lookup(const struct user_map *map, uint64_t id, struct user_view *ret)
{
    return map->ops->lookup(map->users, id, ret);
}

void users_free(struct user_map *map)
{
    if (map->users) {
        map->ops->clear(map->users);
    }
    *map = (struct user_map){0};
}
