/* From evhttp's request to ours. */
#include "exporters/http/request.h"

#include "exporters/http/listen.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *method_of(struct evhttp_request *request)
{
    switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_POST:
        return "POST";
    default:
        return "other";
    }
}

/* The target's part from its path on: evhttp takes "//a/b" for a host and a path, Go does not. */
static const char *target_of(struct evhttp_request *request)
{
    const char *uri = evhttp_request_get_uri(request);
    const char *colons = uri[0] == '/' ? NULL : strstr(uri, "://");
    return colons ? strchr(colons + 3, '/') : uri;
}

int http_request_read(struct evhttp_request *request, struct http_request *ret)
{
    *ret = (struct http_request){.method = method_of(request), .path = "", .query = "", .body = ""};
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type");
    ret->content_type = type ? type : "";
    const char *target = target_of(request);
    if (!target || target[0] != '/')
        return -EINVAL;
    size_t target_len = strlen(target), path_len = strcspn(target, "?");
    ret->own_path = malloc(target_len + 2);
    if (!ret->own_path)
        return -ENOMEM;
    if (!http_unescape(target, path_len, false, ret->own_path, path_len + 1))
        return -EINVAL;
    ret->path = ret->own_path;
    if (target[path_len])
        ret->query = memcpy(ret->own_path + path_len + 1, target + path_len + 1, target_len - path_len);
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t body_len = evbuffer_get_length(body);
    if (body_len) {
        if (evbuffer_add(body, "", 1) || !(ret->body = (const char *)evbuffer_pullup(body, -1)))
            return -ENOMEM;
        ret->body_len = body_len;
    }
    return 0;
}

void http_request_clear(struct http_request *request)
{
    free(request->own_path);
    *request = (struct http_request){.method = "", .path = "", .query = "", .content_type = "", .body = ""};
}

static bool is_loopback_tcp(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &len) ||
           address_is_loopback((const struct sockaddr *)&address);
}

bool http_request_is_local(struct evhttp_request *request, int fd)
{
    if (!is_loopback_tcp(fd))
        return true;
    /* An absolute target's host goes before the header, as in Go. */
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *host = evhttp_request_get_uri(request)[0] == '/' ? NULL : evhttp_uri_get_host(uri);
    if (!host)
        host = evhttp_find_header(evhttp_request_get_input_headers(request), "Host");
    return http_host_is_safe(host);
}
