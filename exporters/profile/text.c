/* The string table: interning, and the promise that every string is valid UTF-8 without NUL. */
#include "exporters/profile/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The length of the character that starts at `at` (RFC 3629: no overlong forms, surrogates or numbers above
 * U+10FFFF), or 0 when none does. NUL counts as none: C strings cannot hold it. */
static size_t character_len(const unsigned char *at, size_t len)
{
    static const struct {
        unsigned char first, last;     /* range of the leading byte */
        unsigned char low, high, size; /* range of the second byte; length of the character */
    } forms[] = {
        {0x01, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (at[0] < forms[i].first || at[0] > forms[i].last)
            continue;
        if (forms[i].size > len)
            return 0;
        if (forms[i].size > 1 && (at[1] < forms[i].low || at[1] > forms[i].high))
            return 0;
        for (size_t k = 2; k < forms[i].size; k++)
            if ((at[k] & 0xC0) != 0x80)
                return 0;
        return forms[i].size;
    }
    return 0;
}

/* How many bytes at the start of the text are valid. */
static size_t valid_prefix(const unsigned char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        size_t size = character_len(text + at, len - at);
        if (!size)
            break;
        at += size;
    }
    return at;
}

/* Copies the text into the scratch buffer, each run of bad bytes replaced by one U+FFFD. */
static void repair(struct bytes *scratch, const unsigned char *text, size_t len)
{
    scratch->len = 0;
    for (size_t at = 0; at < len;) {
        size_t good = valid_prefix(text + at, len - at);
        bytes_put(scratch, text + at, good);
        at += good;
        if (at == len)
            break;
        bytes_puts(scratch, REPLACEMENT);
        while (at < len && !character_len(text + at, len - at))
            at++;
    }
}

static uint32_t intern(struct profile *p, const void *text, size_t len)
{
    uint32_t *index = map_find(&p->string_ids, text, len);
    if (index)
        return *index;
    if (!PROFILE_GROW(p, p->strings, 1))
        return 0;
    char *copy = malloc(len + 1);
    if (!copy) {
        profile_fail(p, -ENOMEM);
        return 0;
    }
    if (len)
        memcpy(copy, text, len);
    copy[len] = 0;
    int error = map_add(&p->string_ids, text, len, (uint32_t)p->strings.count, &index, NULL);
    if (error) {
        free(copy);
        profile_fail(p, error);
        return 0;
    }
    p->strings.data[p->strings.count++] = copy;
    return *index;
}

uint32_t profile_string_n(struct profile *p, const char *text, size_t len)
{
    if (p->error)
        return 0;
    if (!len)
        return intern(p, "", 0);
    if (valid_prefix((const unsigned char *)text, len) == len)
        return intern(p, text, len);
    repair(&p->scratch, (const unsigned char *)text, len);
    if (p->scratch.error) {
        profile_fail(p, p->scratch.error);
        return 0;
    }
    return intern(p, p->scratch.data, p->scratch.len);
}

uint32_t profile_string(struct profile *p, const char *text)
{
    return text ? profile_string_n(p, text, strlen(text)) : 0;
}

const char *profile_text(const struct profile *p, uint32_t index)
{
    return index < p->strings.count ? p->strings.data[index] : "";
}
