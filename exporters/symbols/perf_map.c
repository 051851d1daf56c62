/* One pass over the text, which may be large, for the few addresses of a profile. */
#include "exporters/symbols/perf_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)
#define READ_BYTES ((size_t)1 << 16)

int perf_map_init(struct perf_map *map, const uint64_t *addresses, size_t count)
{
    *map = (struct perf_map){.addresses = addresses, .count = count};
    map->names = calloc(count ? count : 1, sizeof(*map->names));
    return map->names ? 0 : -ENOMEM;
}

/* The first address that isn't below `address`. */
static size_t place_of(const struct perf_map *map, uint64_t address)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->addresses[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A hex number, with 0x or without, and the blanks behind it. NULL when there is none. */
static const char *read_hex(const char *at, uint64_t *ret)
{
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        at += 2;
    uint64_t value = 0;
    unsigned digits = 0;
    for (; digit(*at) >= 0; at++, digits++)
        value = value << 4 | (uint64_t)digit(*at);
    if (!digits || digits > 16 || (*at != ' ' && *at != '\t'))
        return NULL;
    *ret = value;
    return at + strspn(at, " \t");
}

static void take_line(struct perf_map *map, char *line)
{
    uint64_t start = 0, size = 0;
    const char *name = read_hex(line, &start);
    name = name ? read_hex(name, &size) : NULL;
    if (!name || !*name || start + size < start)
        return;
    for (size_t i = place_of(map, start); i < map->count && map->addresses[i] < start + size; i++) {
        char *copy = strdup(name);
        if (!copy) {
            map->error = -ENOMEM;
            return;
        }
        free(map->names[i]);
        map->names[i] = copy;
    }
}

/* One more byte. Bytes that no terminal should be sent are shown as such. */
static void take_byte(struct perf_map *map, char c)
{
    if (c == '\n') {
        map->line[map->line_len] = 0;
        map->line_len = 0;
        take_line(map, map->line);
    } else if (map->line_len < sizeof(map->line) - 1) {
        bool is_control = (unsigned char)c < ' ' || c == 0x7f;
        map->line[map->line_len++] = (char)(is_control && c != '\t' ? '?' : c);
    }
}

void perf_map_feed(struct perf_map *map, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !map->error; i++)
        take_byte(map, text[i]);
}

static int feed_file(struct perf_map *map, int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || (status.st_uid != geteuid() && status.st_uid != 0))
        return -EPERM;
    char *room = malloc(READ_BYTES);
    if (!room)
        return -ENOMEM;
    ssize_t got = 0;
    for (size_t total = 0; total < FILE_BYTES_MAX && !map->error; total += (size_t)got) {
        got = read(fd, room, READ_BYTES);
        if (got <= 0)
            break;
        perf_map_feed(map, room, (size_t)got);
    }
    free(room);
    return got < 0 ? -errno : map->error;
}

int perf_map_read(struct perf_map *map, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : errno == ELOOP ? -EPERM : -errno;
    int error = map->count ? feed_file(map, fd) : 0;
    close(fd);
    return error;
}

const char *perf_map_find(const struct perf_map *map, uint64_t address)
{
    size_t at = place_of(map, address);
    return at < map->count && map->addresses[at] == address ? map->names[at] : NULL;
}

void perf_map_clear(struct perf_map *map)
{
    for (size_t i = 0; map->names && i < map->count; i++)
        free(map->names[i]);
    free(map->names);
    *map = (struct perf_map){0};
}
