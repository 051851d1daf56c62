/* Values in a request, read as Go reads them: form fields, numbers, hosts. */
#include "exporters/http/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_PROFILE_SECONDS 30

/* The value of a hexadecimal digit, -1 for anything else. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_unescape(const char *from, size_t len, bool is_plus_space, char *to, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        int c = from[i] == '+' && is_plus_space ? ' ' : (unsigned char)from[i];
        if (from[i] == '%') {
            int high = i + 2 < len ? hex_digit(from[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_digit(from[i + 2]);
            if (low < 0)
                return false;
            c = high << 4 | low;
            i += 2;
        }
        if (c == 0 || used + 1 >= size)
            return false;
        to[used++] = (char)c;
    }
    to[used] = 0;
    return true;
}

/* The first pair of that name in "a=b&c=d". Pairs with a semicolon are broken, as in Go. */
static bool find_pair(const char *form, const char *name, char *value, size_t size)
{
    while (*form) {
        size_t len = strcspn(form, "&");
        size_t key_len = strcspn(form, "=&");
        char key[64];
        bool is_pair = !memchr(form, ';', len) && http_unescape(form, key_len, true, key, sizeof(key));
        size_t start = key_len < len ? key_len + 1 : len;
        if (is_pair && strcmp(key, name) == 0 && http_unescape(form + start, len - start, true, value, size))
            return true;
        form += len + (form[len] == '&');
    }
    return false;
}

bool http_form_value(const struct http_request *request, const char *name, char *value, size_t size)
{
    static const char form_type[] = "application/x-www-form-urlencoded";
    if (strcmp(request->method, "POST") == 0 &&
        strncasecmp(request->content_type, form_type, sizeof(form_type) - 1) == 0 &&
        find_pair(request->body, name, value, size))
        return true;
    if (find_pair(request->query, name, value, size))
        return true;
    value[0] = 0;
    return false;
}

int http_parse_int(const char *text, int64_t *ret)
{
    bool is_negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (!*text)
        return -EINVAL;
    int64_t value = 0;
    bool is_over = false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        int digit = is_negative ? '0' - *text : *text - '0';
        is_over = is_over || __builtin_mul_overflow(value, 10, &value) ||
                  __builtin_add_overflow(value, digit, &value);
    }
    if (is_over)
        return -ERANGE;
    *ret = value;
    return 0;
}

uint64_t http_parse_pc(const char *text, size_t len)
{
    unsigned base = 10;
    if (len > 1 && text[0] == '0') {
        char mark = (char)(text[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
        size_t skip = mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1;
        text += skip;
        len -= skip;
    }
    uint64_t value = 0;
    bool is_over = false;
    for (size_t i = 0; i < len; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0 || (unsigned)digit >= base)
            return 0;
        is_over = is_over || __builtin_mul_overflow(value, base, &value) ||
                  __builtin_add_overflow(value, (uint64_t)digit, &value);
    }
    return is_over ? UINT64_MAX : value;
}

int64_t http_profile_seconds(const struct http_request *request, int64_t max)
{
    char text[64];
    int64_t seconds = 0;
    if (!http_form_value(request, "seconds", text, sizeof(text)) || http_parse_int(text, &seconds) ||
        seconds <= 0)
        return DEFAULT_PROFILE_SECONDS;
    return seconds < max ? seconds : max;
}

bool http_host_is_safe(const char *host)
{
    if (!host || !*host)
        return true;
    char name[64];
    bool is_bracketed = host[0] == '[';
    size_t len = is_bracketed ? strcspn(host, "]") : strcspn(host, ":");
    const char *port = host + len + (is_bracketed && host[len]);
    if (len >= sizeof(name) || (*port && (*port != ':' || port[1 + strspn(port + 1, "0123456789")])))
        return false;
    memcpy(name, host, len);
    name[len] = 0;
    unsigned char address[sizeof(struct in6_addr)];
    if (is_bracketed)
        return host[len] == ']' && inet_pton(AF_INET6, name + 1, address) == 1;
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, address) == 1;
}
