/* The routes that answer at once with text: index, cmdline, symbol, self, metrics. */
#include "exporters/http/reply.h"
#include "exporters/http/routes.h"

#include "base/bytes.h"
#include "exporters/high_fd.h"
#include "exporters/metrics_text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)16 * 1024 * 1024)
#define ENTRIES_MAX 64

static void reply_bytes(struct http_connection *c, const struct http_header *headers, struct bytes *body)
{
    if (body->error)
        http_reply_error(c, 500, "out of memory");
    else
        http_reply(c, 200, headers, body->data, body->len);
    bytes_clear(body);
}

/* A line of the index page. */
struct entry {
    const char *name, *description;
    uint64_t count;
};

static int compare_entries(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->name, ((const struct entry *)right)->name);
}

/* Routes and profiles together, by name. */
static size_t list_entries(const struct http_source *source, struct entry *ret)
{
    size_t count = 0;
    for (const struct http_route *route = http_routes; route->path && count < ENTRIES_MAX; route++) {
        if (route->description)
            ret[count++] = (struct entry){route->path + strlen(PPROF_PREFIX), route->description, 0};
    }
    for (const struct profile_kind *kind = profile_kinds; kind->name && count < ENTRIES_MAX; kind++)
        ret[count++] = (struct entry){kind->name, kind->description, source->count(source->context, kind)};
    qsort(ret, count, sizeof(*ret), compare_entries);
    return count;
}

/* The page's shape is Go's, as tools read it: a table of links, then a list of descriptions. */
void route_index(struct http_connection *c)
{
    struct bytes page;
    bytes_init(&page, TEXT_MAX);
    bytes_puts(
        &page,
        "<html>\n<head>\n<title>" PPROF_PREFIX "</title>\n<style>\n"
        ".profile-name{\n\tdisplay:inline-block;\n\twidth:6rem;\n}\n</style>\n</head>\n<body>\n" PPROF_PREFIX
        "<br>\n<br>\nTypes of profiles available:\n<table>\n"
        "<thead><td>Count</td><td>Profile</td></thead>\n");
    struct entry entries[ENTRIES_MAX];
    size_t count = list_entries(c->server->source, entries);
    for (size_t i = 0; i < count; i++)
        bytes_printf(&page, "<tr><td>%" PRIu64 "</td><td><a href='%s?debug=1'>%s</a></td></tr>\n",
                     entries[i].count, entries[i].name, entries[i].name);
    bytes_puts(&page, "</table>\n<br>\n<p>\nProfile Descriptions:\n<ul>\n");
    for (size_t i = 0; i < count; i++)
        bytes_printf(&page, "<li><div class=profile-name>%s: </div> %s</li>\n", entries[i].name,
                     entries[i].description);
    bytes_puts(&page, "</ul>\n</p>\n</body>\n</html>");
    static const struct http_header headers[] = {HEADER_NOSNIFF, HEADER_HTML, HEADERS_END};
    reply_bytes(c, headers, &page);
}

void route_cmdline(struct http_connection *c)
{
    struct bytes words;
    bytes_init(&words, TEXT_MAX);
    int fd = high_fd(open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
    char chunk[4096];
    ssize_t len = 0;
    while (fd >= 0 && ((len = read(fd, chunk, sizeof(chunk))) > 0 || (len < 0 && errno == EINTR)))
        if (len > 0)
            bytes_put(&words, chunk, (size_t)len);
    if (fd >= 0)
        close(fd);
    if (words.len && words.data[words.len - 1] == 0)
        words.len--;
    reply_bytes(c, http_text_headers, &words);
}

void route_symbol(struct http_connection *c)
{
    const struct http_source *source = c->server->source;
    bool is_post = strcmp(c->request.method, "POST") == 0;
    const char *word = is_post ? c->request.body : c->request.query;
    const char *end = word + (is_post ? c->request.body_len : strlen(word));
    struct bytes table;
    bytes_init(&table, TEXT_MAX);
    bytes_puts(&table, "num_symbols: 1\n"); /* pprof asks only whether this is 0 */
    while (word < end) {
        const char *plus = memchr(word, '+', (size_t)(end - word));
        size_t len = (size_t)((plus ? plus : end) - word);
        uint64_t pc = http_parse_pc(word, len);
        char name[1024] = "";
        if (pc)
            source->symbol(source->context, pc, name, sizeof(name));
        if (name[0])
            bytes_printf(&table, "0x%" PRIx64 " %s\n", pc, name);
        word += len + 1;
    }
    reply_bytes(c, http_text_headers, &table);
}

void route_self(struct http_connection *c)
{
    const struct http_source *source = c->server->source;
    struct bytes text;
    bytes_init(&text, TEXT_MAX);
    source->self(source->context, &text);
    reply_bytes(c, http_text_headers, &text);
}

void route_metrics(struct http_connection *c)
{
    static const char stacks[] = "preflame_profile_stacks";
    static const struct http_header headers[] = {
        HEADER_NOSNIFF, {"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, HEADERS_END};
    const struct http_source *source = c->server->source;
    struct bytes text;
    bytes_init(&text, TEXT_MAX);
    source->metrics(source->context, &text);
    metrics_begin(&text, stacks, "gauge", "Different stacks that a profile holds.");
    for (const struct profile_kind *kind = profile_kinds; kind->name; kind++)
        metrics_number(&text, stacks, "profile", kind->name, source->count(source->context, kind));
    reply_bytes(c, headers, &text);
}
