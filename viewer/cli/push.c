/* Pyroscope's two APIs: /ingest with multipart pprof, and Connect with JSON. */
#include "viewer/cli/push.h"

#include "base/clock.h"
#include "viewer/client/fetch.h"
#include "viewer/formats/base64.h"
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
    if (push->process) {
        bytes_puts(out, "},{\"name\":\"pid\",\"value\":");
        json_put(out, push->process);
    }
    bytes_puts(out, "}],\"samples\":[{\"rawProfile\":\"");
    base64_put(out, pprof->data, pprof->len);
    bytes_puts(out, "\"}]}]}");
}

static void remove_first(struct push *push)
{
    bytes_clear(&push->items[0].body);
    push->count--;
    memmove(&push->items[0], &push->items[1], push->count * sizeof(push->items[0]));
}

/* A profile on its way into the queue. */
struct adding {
    struct push *push;
    const char *kind;
    const struct profile *profile;
    int64_t from_s, until_s;
};

static int add_part(void *context, const struct bytes *pprof)
{
    const struct adding *adding = context;
    struct push *push = adding->push;
    struct bytes types CLEANUP(bytes_clear);
    struct push_item item = {.from_s = adding->from_s, .until_s = adding->until_s};
    bytes_init(&types, BODY_MAX);
    bytes_init(&item.body, BODY_MAX);
    if (push->is_connect) {
        put_series(&item.body, push, adding->kind, pprof);
    } else {
        put_types(&types, adding->profile);
        put_part(&item.body, "profile", pprof);
        put_part(&item.body, "sample_type_config", &types);
        bytes_puts(&item.body, "--" BOUNDARY "--\r\n");
    }
    int error = types.error ? types.error : item.body.error;
    if (error) {
        bytes_clear(&item.body);
        return error;
    }
    if (push->count == PUSH_QUEUE_MAX) {
        remove_first(push);
        push->dropped++;
    }
    push->items[push->count++] = item;
    return 0;
}

void push_add(struct push *push, const char *kind, struct profile *profile, int64_t from_s, int64_t until_s)
{
    struct adding adding = {push, kind, profile, from_s, until_s};
    if (push_fit(profile, until_s, add_part, &adding, &push->cuts) != 0)
        push->dropped++;
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
    struct bytes name CLEANUP(bytes_clear);
    bytes_init(&name, BODY_MAX);
    push_put_name(&name, push->name);
    bytes_puts(out, "/ingest?name=");
    put_escaped(out, bytes_text(&name));
    if (push->process) {
        bytes_puts(out, "%7Bpid%3D");
        put_escaped(out, push->process);
        bytes_puts(out, "%7D");
    }
    bytes_printf(out, "&from=%" PRId64 "&until=%" PRId64 "&format=pprof&spyName=preflame", item->from_s,
                 item->until_s);
}

static bool is_taken(long status)
{
    return status >= 200 && status < 300;
}

static bool is_hopeless(long status)
{
    return status >= 400 && status < 500 && status != 429;
}

/* Once for a row of failures. */
static void say(struct push *push, long status, const char *detail)
{
    const char *at = strchr(push->url, '@'); /* behind a password */
    const char *place = at ? at + 1 : push->url;
    const char *then = is_hopeless(status) ? "that profile is dropped" : "it is tried again";
    if (!push->is_in_trouble && status)
        fprintf(stderr, "preflame: '%.300s' answered %ld: %.*s; %s\n", place, status,
                (int)strcspn(detail, "\r\n"), detail, then);
    else if (!push->is_in_trouble)
        fprintf(stderr, "preflame: no answer of '%.300s': %s; %s\n", place, detail, then);
    push->is_in_trouble = true;
}

/* The answer's status, or 0 when there was none. */
static long post(struct push *push, const struct push_item *item)
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
    if (fetch(&request, &status, &answer, why))
        status = 0;
    if (is_taken(status))
        push->is_in_trouble = false;
    else
        say(push, status, status ? bytes_text(&answer) : why);
    return status;
}

void push_send(struct push *push)
{
    while (push->count && clock_mono_ns() >= push->retry_ns) {
        long status = post(push, &push->items[0]);
        if (!is_taken(status) && !is_hopeless(status)) {
            int64_t wait_s = push->failures < 6 ? INT64_C(1) << push->failures : RETRY_MAX_S;
            push->retry_ns = clock_mono_ns() + wait_s * NS_PER_S;
            push->failures++;
            return;
        }
        push->failures = 0;
        push->sent += is_taken(status);
        push->refused += !is_taken(status);
        remove_first(push);
    }
}

void push_clear(struct push *push)
{
    while (push->count)
        remove_first(push);
}
