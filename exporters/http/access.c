/* The three questions: which user, which token, which Host. */
#include "exporters/http/access.h"

#include "exporters/http/reply.h"

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CREDENTIALS_BYTES 1024

bool access_is_owner(uid_t peer, uid_t own)
{
    return peer == own || peer == 0;
}

/* Looks at as many bytes as were given, whatever they are. */
static bool is_same_secret(const char *given, size_t len, const char *secret)
{
    size_t secret_len = strlen(secret);
    unsigned difference = len != secret_len || !secret_len;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)given[i] ^ (unsigned char)secret[secret_len ? i % secret_len : 0];
    return difference == 0;
}

static int digit_of_base64(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* The bytes of a Base64 text (RFC 4648), up to its padding. How many, or 0 for what is none or doesn't fit.
 */
static size_t decode_base64(const char *text, char *to, size_t size)
{
    size_t len = 0;
    unsigned bits = 0, bit_count = 0;
    for (; *text && *text != '='; text++) {
        int digit = digit_of_base64(*text);
        if (digit < 0 || len == size)
            return 0;
        bits = (bits << 6 | (unsigned)digit) & 0xffff;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            to[len++] = (char)(bits >> bit_count);
        }
    }
    return text[strspn(text, "=")] ? 0 : len;
}

/* What follows the scheme's name in an Authorization header, or NULL for another scheme. */
static const char *after_scheme(const char *authorization, const char *scheme)
{
    size_t len = strlen(scheme);
    if (strncasecmp(authorization, scheme, len) != 0 || authorization[len] != ' ')
        return NULL;
    return authorization + len + strspn(authorization + len, " ");
}

bool access_has_token(const char *authorization, const char *token)
{
    if (!authorization)
        return false;
    const char *bearer = after_scheme(authorization, "Bearer");
    if (bearer)
        return is_same_secret(bearer, strlen(bearer), token);
    const char *basic = after_scheme(authorization, "Basic");
    char pair[CREDENTIALS_BYTES];
    size_t len = basic ? decode_base64(basic, pair, sizeof(pair)) : 0;
    const char *colon = memchr(pair, ':', len);
    return colon && is_same_secret(colon + 1, len - (size_t)(colon + 1 - pair), token);
}

static bool is_unix(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.ss_family == AF_UNIX;
}

static bool is_owner(int fd)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && access_is_owner(peer.uid, geteuid());
}

static void ask_for_token(struct http_connection *c)
{
    static const struct http_header headers[] = {
        HEADER_NOSNIFF,
        HEADER_TEXT,
        {"X-Go-Pprof", "1"},
        {"WWW-Authenticate", "Bearer realm=\"preflame\", Basic realm=\"preflame\""},
        HEADERS_END};
    static const char text[] = "unauthorized: send the token of PREFLAME_HTTP_TOKEN\n";
    http_reply(c, 401, headers, text, sizeof(text) - 1);
}

bool access_is_granted(struct http_connection *c, struct evhttp_request *request)
{
    int fd = bufferevent_getfd(c->stream);
    const char *token = c->server->token;
    if (is_unix(fd)) {
        if (is_owner(fd))
            return true;
        http_reply_error(c, 403, "forbidden: only for the user of this process, and root");
    } else if (token[0]) {
        const char *given = evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
        if (access_has_token(given, token))
            return true;
        ask_for_token(c);
    } else {
        if (http_request_is_local(request, fd))
            return true;
        http_reply_error(c, 403, "forbidden: Host must be localhost or an IP address");
    }
    return false;
}
