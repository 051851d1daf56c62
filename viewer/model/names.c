/* The name table. */
#include "viewer/model/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void names_init(struct names *n)
{
    *n = (struct names){0};
}

void names_clear(struct names *n)
{
    for (size_t i = 1; i < n->count; i++)
        free(n->texts[i]);
    free(n->texts);
    map_clear(&n->ids);
    names_init(n);
}

static int grow(struct names *n)
{
    size_t room = n->room ? n->room * 2 : 256;
    char **texts = realloc(n->texts, room * sizeof(*texts));
    if (!texts)
        return -1;
    n->texts = texts;
    n->room = room;
    if (!n->count) {
        n->texts[0] = NULL;
        n->count = 1;
    }
    return 0;
}

/* A cut in the middle of a UTF-8 character would leave bytes that mean nothing. */
static size_t cut_length(const char *text)
{
    size_t len = strnlen(text, NAME_MAX_BYTES + 1);
    if (len <= NAME_MAX_BYTES)
        return len;
    len = NAME_MAX_BYTES;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

uint32_t names_add(struct names *n, const char *text)
{
    size_t len = cut_length(text ? text : "");
    const uint32_t *known = map_find(&n->ids, text, len);
    if (known)
        return *known;
    bool is_full = n->count >= NAMES_MAX_COUNT || n->size_bytes + len > NAMES_MAX_BYTES;
    char *copy = is_full || (n->count >= n->room && grow(n)) ? NULL : malloc(len + 1);
    uint32_t *id;
    if (!copy || map_add(&n->ids, text, len, (uint32_t)n->count, &id, NULL)) {
        free(copy);
        n->refused++;
        return NAME_OTHER;
    }
    if (len)
        memcpy(copy, text, len);
    copy[len] = 0;
    n->texts[n->count++] = copy;
    n->size_bytes += len;
    return *id;
}

const char *names_text(const struct names *n, uint32_t id)
{
    return id == NAME_OTHER || id >= n->count ? "[other]" : n->texts[id];
}
