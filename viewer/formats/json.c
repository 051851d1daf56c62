/* JSON strings. */
#include "viewer/formats/json.h"

#include "viewer/formats/xml.h"

static void put_character(struct bytes *out, const char *at, size_t size)
{
    uint32_t code = (unsigned char)at[0];
    size_t len;
    if (xml_character(at, &len) == 0xfffd) /* not UTF-8, or nothing that should be shown */
        bytes_puts(out, "\xef\xbf\xbd");
    else if (code == '"' || code == '\\')
        bytes_printf(out, "\\%c", (int)code);
    else if (code < 0x20 || code == '<')
        bytes_printf(out, "\\u%04x", code);
    else
        bytes_put(out, at, size);
}

void json_put(struct bytes *out, const char *text)
{
    size_t size;
    bytes_puts(out, "\"");
    for (; *text; text += size) {
        xml_character(text, &size);
        put_character(out, text, size);
    }
    bytes_puts(out, "\"");
}
