/* Packets and metadata by CTF 1.8's specification, of as few kinds as will do. */
#include "viewer/session/sched_stream.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC UINT32_C(0xC1FC1FC1)
#define MAX_DEPTH 16
#define CLOCK_BYTES 16384 /* of LTTng's metadata: the clock is told of near its beginning */

struct packet_head {
    uint32_t magic;
    int64_t begin_ns, end_ns;
    uint64_t content_bits, packet_bits;
} __attribute__((packed));

struct event_head {
    uint8_t id;
    int64_t time_ns;
    int32_t pid, tid;
} __attribute__((packed));

static const char head[] =
    "/* CTF 1.8 */\n"
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 32; align = 8; signed = true; } := int32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "typealias integer { size = 64; align = 8; signed = true; } := int64_t;\n"
    "trace { major = 1; minor = 8; byte_order = le; packet.header := struct { uint32_t magic; }; };\n"
    "env { domain = \"ust\"; tracer_name = \"preflame\"; };\n";

static const char layout[] =
    "typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := clock_t;\n"
    "stream {\n"
    "  packet.context := struct { clock_t timestamp_begin; clock_t timestamp_end; uint64_t content_size;"
    " uint64_t packet_size; };\n"
    "  event.header := struct { uint8_t id; clock_t timestamp; };\n"
    "  event.context := struct { int32_t vpid; int32_t vtid; };\n"
    "};\n";

int sched_stream_open(struct sched_stream *s, int folder, const char *name)
{
    s->len = sizeof(struct packet_head);
    s->first_ns = s->last_ns = 0;
    s->error = 0;
    s->fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return s->fd < 0 ? -errno : 0;
}

/* A packet that can't be written as a whole would hide all that follow: it is taken back. */
static void flush(struct sched_stream *s)
{
    if (s->len == sizeof(struct packet_head) || s->error)
        return;
    struct packet_head packet = {MAGIC, s->first_ns, s->last_ns, s->len * 8, s->len * 8};
    memcpy(s->packet, &packet, sizeof(packet));
    off_t before = lseek(s->fd, 0, SEEK_END);
    ssize_t written = write(s->fd, s->packet, s->len);
    if (written != (ssize_t)s->len) {
        s->error = written < 0 ? -errno : -ENOSPC;
        (void)!ftruncate(s->fd, before);
    }
    s->len = sizeof(packet);
}

void sched_stream_add(struct sched_stream *s, enum sched_event event, int64_t time_ns, pid_t pid, pid_t tid,
                      const void *fields, size_t size)
{
    if (s->len + sizeof(struct event_head) + size > sizeof(s->packet))
        flush(s);
    s->last_ns = time_ns > s->last_ns ? time_ns : s->last_ns;
    if (s->len == sizeof(struct packet_head))
        s->first_ns = s->last_ns;
    struct event_head event_head = {(uint8_t)event, s->last_ns, pid, tid};
    memcpy(s->packet + s->len, &event_head, sizeof(event_head));
    memcpy(s->packet + s->len + sizeof(event_head), fields, size);
    s->len += sizeof(event_head) + size;
}

void sched_stream_close(struct sched_stream *s)
{
    if (s->fd < 0)
        return;
    flush(s);
    close(s->fd);
    s->fd = -1;
}

static struct {
    char text[CLOCK_BYTES + 1];
    bool is_found;
} lttng;

/* Takes the clock out of LTTng's metadata, which is text between headers of packets. */
static int read_clock(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    if (type != FTW_F || strcmp(path + place->base, "metadata") != 0)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t size = fd < 0 ? -1 : read(fd, lttng.text, CLOCK_BYTES);
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < size; i++)
        lttng.text[i] = lttng.text[i] ? lttng.text[i] : ' ';
    lttng.text[size > 0 ? size : 0] = '\0';
    char *clock = strstr(lttng.text, "clock {");
    char *end = clock ? strstr(clock, "};") : NULL;
    if (!end || !strstr(clock, "name = \"monotonic\""))
        return 0;
    end[0] = '\0';
    memmove(lttng.text, clock, (size_t)(end + 1 - clock));
    lttng.is_found = true;
    return 1;
}

/* Babeltrace takes LTTng's clock for one that counts from the epoch, whatever LTTng says, and merges no
 * others with such. */
static void put_clock(struct bytes *out, const char *directory)
{
    lttng.is_found = false;
    (void)nftw(directory, read_clock, MAX_DEPTH, FTW_PHYS);
    if (lttng.is_found)
        bytes_puts(out, lttng.text);
    else
        bytes_printf(out, "clock { name = \"monotonic\"; freq = 1000000000; offset = %" PRId64 ";\n",
                     clock_real_ns() - clock_mono_ns());
    bytes_puts(out, "absolute = TRUE; };\n");
}

int sched_metadata_write(const char *directory, int folder)
{
    static const char *const events[][2] = {
#define SCHED_EVENT_ROW(symbol, name, fields) {name, fields},
        SCHED_EVENTS(SCHED_EVENT_ROW)
#undef SCHED_EVENT_ROW
    };
    struct bytes text CLEANUP(bytes_clear);
    bytes_init(&text, 2 * CLOCK_BYTES);
    bytes_puts(&text, head);
    put_clock(&text, directory);
    bytes_puts(&text, layout);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        bytes_printf(&text, "event { name = \"preflame:%s\"; id = %zu; fields := struct { %s }; };\n",
                     events[i][0], i, events[i][1]);
    int fd = openat(folder, "metadata", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t written = text.error ? -1 : write(fd, text.data, text.len);
    close(fd);
    return written == (ssize_t)text.len ? 0 : -EIO;
}
