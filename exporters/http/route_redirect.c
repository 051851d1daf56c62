/* The answer to a path that is nearly right. */
#include "exporters/http/path.h"
#include "exporters/http/reply.h"
#include "exporters/http/routes.h"

#include <string.h>

void route_redirect(struct http_connection *c, const char *path)
{
    struct bytes target, body;
    bool is_get = strcmp(c->request.method, "GET") == 0;
    bool has_type = is_get || strcmp(c->request.method, "HEAD") == 0; /* as in Go */
    bytes_init(&target, REQUEST_HEAD_MAX * 4);
    bytes_init(&body, REQUEST_HEAD_MAX * 20);
    http_path_escape(&target, path);
    if (c->request.query[0])
        bytes_printf(&target, "?%s", c->request.query);
    if (is_get) {
        bytes_puts(&body, "<a href=\"");
        http_html_escape(&body, bytes_text(&target));
        bytes_puts(&body, "\">Moved Permanently</a>.\n\n");
    }
    const struct http_header headers[] = {{"Location", bytes_text(&target)},
                                          {has_type ? "Content-Type" : NULL, "text/html; charset=utf-8"},
                                          HEADERS_END};
    if (target.error || body.error)
        http_reply_error(c, 500, "out of memory");
    else
        http_reply(c, 301, headers, body.data, body.len);
    bytes_clear(&target);
    bytes_clear(&body);
}
