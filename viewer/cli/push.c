/* Pyroscope's two APIs: /ingest with multipart pprof, and Connect with JSON. */
#include "viewer/cli/push.h"

#include "base/clock.h"
#include "viewer/client/fetch.h"
#include "viewer/formats/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX ((size_t)64 << 20)
#define BOUNDARY "preflame-9f2b6c1d7e3a"
#define TIMEOUT_S 10
#define RETRY_MAX_S 60

/* What each value is, since a server knows only some names: windows, so never cumulative. */
static void put_types(struct bytes *out, const struct profile *p)
{
    bytes_puts(out, "{");
    for (size_t i = 0; i < p->types.count; i++) {
        const char *type = profile_text(p, p->types.data[i].type);
        bytes_puts(out, i ? "," : "");
        json_put(out, type);
        bytes_puts(out, ":{\"units\":");
        json_put(out, profile_text(p, p->types.data[i].unit));
        bytes_printf(out, ",\"aggregation\":\"%s\",\"cumulative\":false}",
                     strncmp(type, "inuse_", 6) == 0 ? "average" : "sum");
    }
    bytes_puts(out, "}");
}

static void put_part(struct bytes *out, const char *name, const struct bytes *content)
{
    bytes_printf(out,
                 "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
                 "Content-Type: application/octet-stream\r\n\r\n",
                 name, name);
    bytes_put(out, content->data, content->len);
    bytes_puts(out, "\r\n");
}

static void put_base64(struct bytes *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) |
                        (i + 2 < len ? data[i + 2] : 0);
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        i + 1 < len ? digits[bits >> 6 & 63] : '=', i + 2 < len ? digits[bits & 63] : '='};
        bytes_put(out, four, sizeof(four));
    }
}

/* The names that Pyroscope's own clients give to Go's profiles. */
static const char *series_of(const char *kind)
{
    if (strcmp(kind, "cpu") == 0)
        return "process_cpu";
    return strcmp(kind, "heap") == 0 || strcmp(kind, "allocs") == 0 ? "memory" : kind;
}

static void put_series(struct bytes *out, const struct push *push, const char *kind,
                       const struct bytes *pprof)
{
    bytes_puts(out, "{\"series\":[{\"labels\":[{\"name\":\"__name__\",\"value\":");
    json_put(out, series_of(kind));
    bytes_puts(out, "},{\"name\":\"service_name\",\"value\":");
    json_put(out, push->name);
    bytes_puts(out, "}],\"samples\":[{\"rawProfile\":\"");
    put_base64(out, pprof->data, pprof->len);
    bytes_puts(out, "\"}]}]}");
}

static void remove_first(struct push *push)
{
    bytes_clear(&push->items[0].body);
    push->count--;
    memmove(&push->items[0], &push->items[1], push->count * sizeof(push->items[0]));
}

void push_add(struct push *push, const char *kind, const struct profile *profile, int64_t from_s,
              int64_t until_s)
{
    struct bytes pprof CLEANUP(bytes_clear), types CLEANUP(bytes_clear);
    struct push_item item = {.from_s = from_s, .until_s = until_s};
    bytes_init(&pprof, BODY_MAX);
    bytes_init(&types, BODY_MAX);
    bytes_init(&item.body, BODY_MAX);
    bool is_encoded = profile_encode_gzip(profile, &pprof) == 0;
    if (is_encoded && push->is_connect) {
        put_series(&item.body, push, kind, &pprof);
    } else if (is_encoded) {
        put_types(&types, profile);
        put_part(&item.body, "profile", &pprof);
        put_part(&item.body, "sample_type_config", &types);
        bytes_puts(&item.body, "--" BOUNDARY "--\r\n");
    }
    if (!item.body.len || item.body.error) {
        bytes_clear(&item.body);
        push->dropped++;
        return;
    }
    if (push->count == PUSH_QUEUE_MAX) {
        remove_first(push);
        push->dropped++;
    }
    push->items[push->count++] = item;
}

/* As a part of a query. */
static void put_escaped(struct bytes *out, const char *text)
{
    for (; *text; text++) {
        bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                        (*text >= '0' && *text <= '9') || strchr("-._~", *text);
        bytes_printf(out, is_plain ? "%c" : "%%%02X", is_plain ? *text : (unsigned char)*text);
    }
}

static void put_url(struct bytes *out, const struct push *push, const struct push_item *item)
{
    size_t len = strlen(push->url);
    bytes_put(out, push->url, len && push->url[len - 1] == '/' ? len - 1 : len);
    if (push->is_connect) {
        bytes_puts(out, "/push.v1.PusherService/Push");
        return;
    }
    bytes_puts(out, "/ingest?name=");
    put_escaped(out, push->name);
    bytes_printf(out, "&from=%" PRId64 "&until=%" PRId64 "&format=pprof&spyName=preflame", item->from_s,
                 item->until_s);
}

/* The answer's status, or 0 when there was none. */
static long post(const struct push *push, const struct push_item *item)
{
    static const char *const multipart[] = {"Content-Type: multipart/form-data; boundary=" BOUNDARY, NULL};
    static const char *const json[] = {"Content-Type: application/json", "Connect-Protocol-Version: 1", NULL};
    struct bytes url CLEANUP(bytes_clear), answer CLEANUP(bytes_clear);
    char why[FETCH_WHY_BYTES];
    long status = 0;
    bytes_init(&url, BODY_MAX);
    bytes_init(&answer, BODY_MAX);
    put_url(&url, push, item);
    struct fetch_request request = {.url = bytes_text(&url),
                                    .bearer = push->token,
                                    .headers = push->is_connect ? json : multipart,
                                    .body = item->body.data,
                                    .body_len = item->body.len,
                                    .timeout_s = TIMEOUT_S,
                                    .watch_fd = -1};
    int error = fetch(&request, &status, &answer, why);
    return error ? 0 : status;
}

static bool is_hopeless(long status)
{
    return status >= 400 && status < 500 && status != 429;
}

void push_send(struct push *push)
{
    while (push->count && clock_mono_ns() >= push->retry_ns) {
        long status = post(push, &push->items[0]);
        bool is_sent = status >= 200 && status < 300;
        if (!is_sent && !is_hopeless(status)) {
            int64_t wait_s = push->failures < 6 ? INT64_C(1) << push->failures : RETRY_MAX_S;
            push->retry_ns = clock_mono_ns() + wait_s * NS_PER_S;
            push->failures++;
            return;
        }
        push->failures = 0;
        push->sent += is_sent;
        push->refused += !is_sent;
        remove_first(push);
    }
}

void push_clear(struct push *push)
{
    while (push->count)
        remove_first(push);
}
