/* One line at a time; of a line only its beginning is kept, as the few headers that matter here are short. */
#include "exporters/http/framing.h"

#include "base/compiler.h"

#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS_MAX 18

static void refuse(struct framing *f)
{
    f->is_refused = true;
    f->phase = FRAMING_REST;
}

/* The characters of a header's name (RFC 9110, token). */
static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Digits alone, and nothing that another reader might take for a number. */
static bool parse_length(const char *text, uint64_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    if (!digits || digits > LENGTH_DIGITS_MAX || text[digits])
        return false;
    *ret = 0;
    for (size_t i = 0; i < digits; i++)
        *ret = *ret * 10 + (uint64_t)(text[i] - '0');
    return true;
}

/* `name: value`, cut to what `line` holds. False when nobody should have written it. */
static bool take_header(struct framing *f)
{
    char *colon = f->line;
    while (is_token(*colon))
        colon++;
    size_t name_len = (size_t)(colon - f->line);
    if (f->line_len > name_len && name_len == sizeof(f->line) - 1)
        return true; /* a name that long is none of ours */
    if (!name_len || *colon != ':')
        return false;
    *colon = 0;
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t len = strlen(value); len && strchr(" \t", value[len - 1]); len--)
        value[len - 1] = 0;
    bool is_whole = f->line_len < sizeof(f->line);
    if (strcasecmp(f->line, "Content-Length") == 0)
        return !f->lengths++ && is_whole && parse_length(value, &f->length);
    if (strcasecmp(f->line, "Transfer-Encoding") == 0)
        return !f->encodings++ && is_whole && strcasecmp(value, "chunked") == 0;
    if (strcasecmp(f->line, "Host") == 0)
        return !f->hosts++;
    return true;
}

static void end_head(struct framing *f)
{
    f->heads++;
    if (f->encodings && f->lengths)
        refuse(f);
    else if (f->encodings)
        f->phase = FRAMING_REST;
    else
        f->phase = f->length ? FRAMING_BODY : FRAMING_BETWEEN;
    f->body_left = f->length;
}

static void refuse_head(struct framing *f)
{
    f->heads++;
    refuse(f);
}

static void end_line(struct framing *f)
{
    f->line[f->line_len < sizeof(f->line) ? f->line_len : sizeof(f->line) - 1] = 0;
    bool is_first = f->is_first_line;
    f->is_first_line = false;
    if (f->line_len == 0 && !is_first)
        end_head(f);
    else if (f->line_len == 0 || (!is_first && !take_header(f)))
        refuse_head(f);
    f->line_len = 0;
}

static void take_head_byte(struct framing *f, uint8_t byte)
{
    if (f->has_return != (byte == '\n')) { /* LF without CR, or CR without LF */
        refuse_head(f);
    } else if (f->has_return) {
        f->has_return = false;
        end_line(f);
    } else if (byte == '\r') {
        f->has_return = true;
    } else if ((byte < ' ' && (byte != '\t' || f->is_first_line)) || byte == 0x7f) {
        refuse_head(f);
    } else {
        if (f->line_len < sizeof(f->line))
            f->line[f->line_len++] = (char)byte;
    }
}

static void begin_head(struct framing *f)
{
    *f = (struct framing){.phase = FRAMING_HEAD, .heads = f->heads, .is_first_line = true};
}

void framing_feed(struct framing *f, const uint8_t *bytes, size_t len)
{
    while (len) {
        size_t taken = 1;
        if (f->phase == FRAMING_REST)
            return;
        if (f->phase == FRAMING_BETWEEN)
            begin_head(f);
        if (f->phase == FRAMING_BODY) {
            taken = f->body_left < len ? (size_t)f->body_left : len;
            f->body_left -= taken;
            if (!f->body_left)
                f->phase = FRAMING_BETWEEN;
        } else {
            take_head_byte(f, *bytes);
        }
        bytes += taken;
        len -= taken;
    }
}
