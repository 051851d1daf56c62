/* JSON text, written into a buffer. */
#include "tests/demo_server/json.h"

#include <stdbool.h>
#include <string.h>

static inline bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* The length of the run at `text` that can be copied as it is. */
static inline size_t plain_length(const char *text)
{
    size_t len = 0;
    while (text[len] && !needs_escape((unsigned char)text[len])) {
        len++;
    }
    return len;
}

static inline void append_escaped(struct bytes *out, unsigned char c)
{
    static const char short_names[] = "\"\"\\\\\nn\rr\tt";
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i + 1 < sizeof(short_names); i += 2) {
        if ((unsigned char)short_names[i] == c) {
            char pair[2] = {'\\', short_names[i + 1]};
            bytes_put(out, pair, sizeof(pair));
            return;
        }
    }
    char code[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    bytes_put(out, code, sizeof(code));
}

__attribute__((noinline)) void json_escape(struct bytes *out, const char *text)
{
    bytes_put(out, "\"", 1);
    while (*text) {
        size_t run = plain_length(text);
        bytes_put(out, text, run);
        text += run;
        if (*text) {
            append_escaped(out, (unsigned char)*text++);
        }
    }
    bytes_put(out, "\"", 1);
}

__attribute__((noinline)) void json_append_number(struct bytes *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    bytes_put(out, digits + at, sizeof(digits) - at);
}

__attribute__((noinline)) void json_append_user(struct bytes *out, const struct user_view *user)
{
    static const char *const members[USER_TEXTS] = {",\"name\":", ",\"email\":", ",\"city\":", ",\"bio\":"};
    bytes_puts(out, "{\"id\":");
    json_append_number(out, user->id);
    for (size_t i = 0; i < USER_TEXTS; i++) {
        bytes_puts(out, members[i]);
        json_escape(out, user->text[i]);
    }
    bytes_put(out, "}", 1);
}
