/* Writing and reading the container. */
#include "exporters/spool.h"

#include <errno.h>
#include <string.h>

static const char head[] = "preflame spool 1\n";
#define HEAD_LEN (sizeof(head) - 1)

void spool_begin(struct bytes *out)
{
    bytes_put(out, head, HEAD_LEN);
}

void spool_add(struct bytes *out, const char *name, const void *data, size_t len)
{
    bytes_printf(out, "%s %zu\n", name, len);
    bytes_put(out, data, len);
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "NAME LENGTH\n" at `text`; its own length, or 0. */
static size_t read_line(const char *text, size_t len, char *name, size_t *ret_len)
{
    size_t at = 0, number = 0, digits = 0;
    for (; at < len && at < SPOOL_NAME_MAX && is_name_character(text[at]); at++)
        name[at] = text[at];
    name[at] = 0;
    if (!at || at == len || text[at++] != ' ')
        return 0;
    for (; at < len && text[at] >= '0' && text[at] <= '9'; at++, digits++) {
        if (__builtin_mul_overflow(number, (size_t)10, &number) ||
            __builtin_add_overflow(number, (size_t)(text[at] - '0'), &number))
            return 0;
    }
    if (!digits || at == len || text[at++] != '\n')
        return 0;
    *ret_len = number;
    return at;
}

int spool_each(const void *data, size_t len,
               int (*each)(void *context, const char *name, const void *profile, size_t profile_len),
               void *context)
{
    const char *text = data;
    if (len < HEAD_LEN || memcmp(text, head, HEAD_LEN) != 0)
        return -EINVAL;
    size_t at = HEAD_LEN;
    for (unsigned i = 0; at < len; i++) {
        char name[SPOOL_NAME_MAX + 1];
        size_t profile_len, line = read_line(text + at, len - at, name, &profile_len);
        if (!line || profile_len > len - at - line || i == SPOOL_PROFILES_MAX)
            return -EINVAL;
        int error = each(context, name, text + at + line, profile_len);
        if (error)
            return error;
        at += line + profile_len;
    }
    return 0;
}
