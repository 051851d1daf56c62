/* The growing byte buffer. */
#include "base/bytes.h"

#include "base/block.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bytes_init(struct bytes *b, size_t max)
{
    *b = (struct bytes){.max = max};
}

void bytes_clear(struct bytes *b)
{
    block_free(b->data, b->room);
    bytes_init(b, b->max);
}

uint8_t *bytes_reserve(struct bytes *b, size_t len)
{
    if (b->error)
        return NULL;
    if (len > b->max || b->len > b->max - len) {
        b->error = -EFBIG;
        return NULL;
    }
    size_t need = b->len + len + 1;
    if (need > b->room) {
        size_t room = b->room ? b->room : 256;
        while (room < need)
            room *= 2;
        uint8_t *data = block_resized(b->data, b->room, room);
        if (!data) {
            b->error = -ENOMEM;
            return NULL;
        }
        b->data = data;
        b->room = room;
    }
    return b->data + b->len;
}

void bytes_put(struct bytes *b, const void *data, size_t len)
{
    uint8_t *to = bytes_reserve(b, len);
    if (!to)
        return;
    if (len)
        memcpy(to, data, len);
    b->len += len;
    b->data[b->len] = 0;
}

void bytes_puts(struct bytes *b, const char *text)
{
    bytes_put(b, text, strlen(text));
}

void bytes_printf(struct bytes *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *to = len < 0 ? NULL : bytes_reserve(b, (size_t)len);
    if (to) {
        vsnprintf((char *)to, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

const char *bytes_text(const struct bytes *b)
{
    return b->data ? (const char *)b->data : "";
}
