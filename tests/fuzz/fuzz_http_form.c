/* Any bytes as a form, a path, a host: nothing may be read or written outside them. */
#include "exporters/http/path.h"
#include "exporters/http/request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 2); /* exactly as long, so that any overrun is seen */
    char *path = malloc(size + 2);
    if (text && path) {
        memcpy(text, data, size);
        text[size] = 0;
        struct http_request request = {.method = "GET", .query = text, .content_type = "", .body = ""};
        char value[32];
        http_form_value(&request, "hz", value, sizeof(value));
        if (http_profile_seconds(&request, 1000) < 1)
            abort();
        http_parse_pc(text, strlen(text));
        http_host_is_safe(text);
        path[0] = '/';
        if (http_unescape(text, strlen(text), false, path + 1, size + 1)) {
            http_path_clean(path);
            if (path[0] != '/' || strstr(path, "//"))
                abort();
        }
    }
    free(text);
    free(path);
    return 0;
}
