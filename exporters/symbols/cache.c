/* The cache file: a title line, then per address "@vaddr" and one line per frame, then a checksum.
 *
 *   preflame-frames 1 <build id>
 *   @<vaddr, hex>
 *   <line> <start line> TAB <name> TAB <file>
 *   sum <FNV-1a of all above, hex> */
#include "exporters/symbols/cache.h"

#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bump when frames of the same DWARF come out differently; older files are then ignored. */
#define FORMAT_VERSION 1
#define FILE_SIZE_MAX ((size_t)64 << 20)

static uint64_t sum_of(const char *text, size_t len)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static int read_file(const char *path, struct bytes *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -ENOENT;
    ssize_t done = 1;
    while (done > 0) {
        uint8_t *to = bytes_reserve(text, 65536);
        done = to ? read(fd, to, 65536) : -1;
        if (done > 0)
            text->len += (size_t)done;
    }
    close(fd);
    return done < 0 ? -EIO : 0;
}

/* Cuts the next line off; NULL at the end. */
static char *next_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return line;
}

static int add_entry(struct frame_cache *cache, uint64_t vaddr)
{
    if (cache->entry_count == cache->entry_room) {
        size_t room = cache->entry_room ? cache->entry_room * 2 : 256;
        struct cache_entry *entries = reallocarray(cache->entries, room, sizeof(*entries));
        if (!entries)
            return -ENOMEM;
        cache->entries = entries;
        cache->entry_room = room;
    }
    cache->entries[cache->entry_count++] =
        (struct cache_entry){.vaddr = vaddr, .first = (uint32_t)cache->frame_count};
    return 0;
}

static int add_frame(struct frame_cache *cache, struct symbol_frame frame)
{
    if (cache->frame_count == cache->frame_room) {
        size_t room = cache->frame_room ? cache->frame_room * 2 : 256;
        struct symbol_frame *frames = reallocarray(cache->frames, room, sizeof(*frames));
        if (!frames)
            return -ENOMEM;
        cache->frames = frames;
        cache->frame_room = room;
    }
    cache->frames[cache->frame_count++] = frame;
    cache->entries[cache->entry_count - 1].count++;
    return 0;
}

/* Reads "<line> <start> TAB <name> TAB <file>"; empty texts are unknown ones. */
static int parse_frame(struct frame_cache *cache, char *line)
{
    char *name = strchr(line, '\t');
    char *file = name ? strchr(name + 1, '\t') : NULL;
    struct symbol_frame frame = {0};
    if (!file || !cache->entry_count)
        return -EINVAL;
    *name++ = '\0';
    *file++ = '\0';
    if (sscanf(line, "%" SCNd64 " %" SCNd64, &frame.line, &frame.start_line) != 2)
        return -EINVAL;
    frame.name = *name ? name : NULL;
    frame.file = *file ? file : NULL;
    return add_frame(cache, frame);
}

static int parse_lines(struct frame_cache *cache, char *at)
{
    int error = 0;
    char *line;
    while (!error && (line = next_line(&at))) {
        if (*line == '@')
            error = add_entry(cache, strtoull(line + 1, NULL, 16));
        else
            error = parse_frame(cache, line);
    }
    return error;
}

static int compare(const void *left, const void *right)
{
    const struct cache_entry *a = left, *b = right;
    return (a->vaddr > b->vaddr) - (a->vaddr < b->vaddr);
}

static void title_of(char *title, size_t size, const char *build_id)
{
    snprintf(title, size, "preflame-frames %d %s\n", FORMAT_VERSION, build_id);
}

/* Checks the title and the sum and cuts the sum off. */
static char *check(struct bytes *text, const char *build_id)
{
    char title[256], sum[32];
    title_of(title, sizeof(title), build_id);
    size_t title_len = strlen(title);
    const size_t sum_len = strlen("sum 0123456789abcdef\n");
    if (text->len < title_len + sum_len || memcmp(text->data, title, title_len) != 0)
        return NULL;
    char *end = (char *)text->data + text->len - sum_len;
    snprintf(sum, sizeof(sum), "sum %016" PRIx64 "\n", sum_of((char *)text->data, text->len - sum_len));
    if (memcmp(end, sum, sum_len) != 0 || memchr(text->data, '\0', text->len))
        return NULL;
    *end = '\0';
    return (char *)text->data + title_len;
}

static bool is_hex(const char *text)
{
    return *text && strspn(text, "0123456789abcdef") == strlen(text) && strlen(text) <= 128;
}

static void forget(struct frame_cache *cache)
{
    cache->entry_count = cache->frame_count = 0;
    bytes_clear(&cache->text);
}

int frame_cache_load(const char *directory, const char *build_id, struct frame_cache *cache)
{
    *cache = (struct frame_cache){0};
    bytes_init(&cache->text, FILE_SIZE_MAX + 65536 + 1);
    bytes_init(&cache->added, FILE_SIZE_MAX);
    if (!directory || !is_hex(build_id))
        return 0;
    if (asprintf(&cache->path, "%s/%s.frames", directory, build_id) < 0) {
        cache->path = NULL;
        return -ENOMEM;
    }
    char *lines = read_file(cache->path, &cache->text) == 0 ? check(&cache->text, build_id) : NULL;
    int error = lines ? parse_lines(cache, lines) : -EINVAL;
    if (error) {
        forget(cache);
        return error == -ENOMEM ? error : 0;
    }
    if (cache->entry_count)
        qsort(cache->entries, cache->entry_count, sizeof(*cache->entries), compare);
    return 0;
}

int frame_cache_find(const struct frame_cache *cache, uint64_t vaddr, struct symbol_frame *frames, size_t max)
{
    struct cache_entry key = {.vaddr = vaddr};
    const struct cache_entry *entry =
        cache->entry_count ? bsearch(&key, cache->entries, cache->entry_count, sizeof(key), compare) : NULL;
    if (!entry)
        return -ENOENT;
    size_t count = entry->count < max ? entry->count : max;
    for (size_t i = 0; i < count; i++)
        frames[i] = cache->frames[entry->first + i];
    return (int)count;
}

static bool is_plain(const char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text < ' ')
            return false;
    return true;
}

static void put_entry(struct bytes *out, uint64_t vaddr, const struct symbol_frame *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_plain(frames[i].name) || !is_plain(frames[i].file))
            return;
    bytes_printf(out, "@%" PRIx64 "\n", vaddr);
    for (size_t i = 0; i < count; i++) {
        bytes_printf(out, "%" PRId64 " %" PRId64 "\t", frames[i].line, frames[i].start_line);
        bytes_puts(out, frames[i].name ? frames[i].name : "");
        bytes_puts(out, "\t");
        bytes_puts(out, frames[i].file ? frames[i].file : "");
        bytes_puts(out, "\n");
    }
}

void frame_cache_add(struct frame_cache *cache, uint64_t vaddr, const struct symbol_frame *frames,
                     size_t count)
{
    if (cache->path)
        put_entry(&cache->added, vaddr, frames, count);
}

/* Makes all folders on the way to the file, as mkdir -p does. */
static int make_folders(const char *path)
{
    char *copy = strdup(path);
    int error = copy ? 0 : -ENOMEM;
    for (char *at = copy ? strchr(copy + 1, '/') : NULL; at && !error; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(copy, 0700) && errno != EEXIST)
            error = -errno;
        *at = '/';
    }
    free(copy);
    return error;
}

static void put_file(const struct frame_cache *cache, const char *build_id, bool with_old, struct bytes *out)
{
    char title[256];
    title_of(title, sizeof(title), build_id);
    bytes_puts(out, title);
    for (size_t i = 0; with_old && i < cache->entry_count; i++) {
        const struct cache_entry *entry = &cache->entries[i];
        put_entry(out, entry->vaddr, cache->frames + entry->first, entry->count);
    }
    bytes_put(out, cache->added.data, cache->added.len);
    bytes_printf(out, "sum %016" PRIx64 "\n", out->error ? 0 : sum_of((char *)out->data, out->len));
}

int frame_cache_save(const struct frame_cache *cache)
{
    if (!cache->path || !cache->added.len || cache->added.error)
        return cache->added.error;
    char build_id[256];
    const char *name = strrchr(cache->path, '/') + 1;
    snprintf(build_id, sizeof(build_id), "%.*s", (int)strcspn(name, "."), name);
    struct bytes file;
    bytes_init(&file, FILE_SIZE_MAX);
    put_file(cache, build_id, true, &file);
    if (file.error == -EFBIG) {
        bytes_clear(&file);
        put_file(cache, build_id, false, &file);
    }
    int error = file.error ? file.error : make_folders(cache->path);
    if (!error)
        error = atomic_file_write(cache->path, file.data, file.len, false);
    bytes_clear(&file);
    return error;
}

void frame_cache_clear(struct frame_cache *cache)
{
    free(cache->path);
    free(cache->entries);
    free(cache->frames);
    bytes_clear(&cache->text);
    bytes_clear(&cache->added);
    *cache = (struct frame_cache){0};
}
