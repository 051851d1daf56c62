/* Escaping for XML. */
#include "viewer/formats/xml.h"

#include <stdbool.h>

#define REPLACEMENT 0xfffdu

static uint32_t decode(const unsigned char *at, size_t *ret_size)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80             ? 1
                  : (at[0] & 0xe0) == 0xc0 ? 2
                  : (at[0] & 0xf0) == 0xe0 ? 3
                  : (at[0] & 0xf8) == 0xf0 ? 4
                                           : 0;
    *ret_size = 1;
    if (size <= 1)
        return size ? at[0] : REPLACEMENT;
    uint32_t code = at[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        code = code << 6 | (at[i] & 0x3fu);
    }
    if (code < smallest[size] || code > 0x10ffff)
        return REPLACEMENT;
    *ret_size = size;
    return code;
}

uint32_t xml_character(const char *text, size_t *ret_size)
{
    uint32_t code = decode((const unsigned char *)text, ret_size);
    if (code == '\n' || code == '\r' || code == '\t')
        return ' ';
    bool is_forbidden = code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000) ||
                        (code & 0xfffe) == 0xfffe;
    /* Characters that turn the direction of writing would make a name read as another one. */
    bool is_turning = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return is_forbidden || is_turning ? REPLACEMENT : code;
}

static void put_character(struct bytes *out, uint32_t code)
{
    switch (code) {
    case '<':
        bytes_puts(out, "&lt;");
        return;
    case '>':
        bytes_puts(out, "&gt;");
        return;
    case '&':
        bytes_puts(out, "&amp;");
        return;
    case '"':
        bytes_puts(out, "&quot;");
        return;
    case '\'':
        bytes_puts(out, "&#39;");
        return;
    default:
        break;
    }
    uint8_t utf8[4];
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; code >>= 6)
        utf8[i] = (uint8_t)(0x80 | (code & 0x3f));
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    utf8[0] = (uint8_t)(leads[size] | code);
    bytes_put(out, utf8, size);
}

void xml_put(struct bytes *out, const char *text)
{
    size_t size;
    for (; *text; text += size)
        put_character(out, xml_character(text, &size));
}

static size_t cells_of(uint32_t code)
{
    return code >= 0x1100 && code != REPLACEMENT ? 2 : 1;
}

void xml_put_cells(struct bytes *out, const char *text, size_t cells)
{
    size_t size, used = 0;
    const char *cut = text; /* where an ellipsis still fits */
    const char *at = text;
    for (; *at; at += size) {
        uint32_t code = xml_character(at, &size);
        if (used < cells)
            cut = at;
        used += cells_of(code);
        if (used > cells)
            break;
    }
    for (const char *put = text; *at ? put < cut : *put != 0; put += size)
        put_character(out, xml_character(put, &size));
    if (*at)
        put_character(out, 0x2026);
}
