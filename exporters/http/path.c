/* Cleaning and escaping. */
#include "exporters/http/path.h"

#include <stdbool.h>
#include <string.h>

void http_path_clean(char *path)
{
    bool has_slash = path[strlen(path) - 1] == '/';
    char *to = path; /* what is clean ends here: "" or "/a/b" */
    const char *from = path;
    for (;;) {
        from += strspn(from, "/");
        size_t len = strcspn(from, "/");
        if (!len)
            break;
        bool is_up = len == 2 && from[0] == '.' && from[1] == '.';
        bool is_here = len == 1 && from[0] == '.';
        if (is_up) {
            while (to > path && *--to != '/')
                ;
        } else if (!is_here) {
            *to++ = '/';
            memmove(to, from, len);
            to += len;
        }
        from += len;
    }
    if (to == path || has_slash)
        *to++ = '/';
    *to = 0;
}

void http_path_escape(struct bytes *out, const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@";
    for (; *path; path++) {
        if (strchr(plain, *path))
            bytes_put(out, path, 1);
        else
            bytes_printf(out, "%%%02X", (unsigned char)*path);
    }
}

void http_html_escape(struct bytes *out, const char *text)
{
    static const char *const escapes[][2] = {
        {"<", "&lt;"}, {">", "&gt;"}, {"&", "&amp;"}, {"\"", "&#34;"}, {"'", "&#39;"}};
    while (*text) {
        size_t plain = strcspn(text, "<>&\"'");
        bytes_put(out, text, plain);
        text += plain;
        for (size_t i = 0; *text && i < ARRAY_SIZE(escapes); i++)
            if (*text == escapes[i][0][0])
                bytes_puts(out, escapes[i][1]);
        text += *text != 0;
    }
}
