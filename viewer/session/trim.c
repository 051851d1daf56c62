/* A stream file is packets, one behind the other; the oldest ones are left out of a copy that takes its
 * place.
 */
#include "viewer/session/trim.h"

#include "viewer/session/channels.h"
#include "viewer/session/remove_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKET_MAGIC 0xC1FC1FC1U

/* As LTTng-UST begins each packet of a stream: CTF's header, then what LTTng says of the packet. */
struct packet {
    uint32_t magic;
    uint8_t trace_id[16];
    uint32_t stream_class;
    uint64_t stream;
    uint64_t begin, end; /* ns, of its clock */
    uint64_t content_bits, packet_bits;
};
_Static_assert(sizeof(struct packet) == 64, "nothing between the fields");

/* Where the first packet begins that lasts until `since_ns` or longer; `size` when none does, 0 when these
 * aren't packets. */
static off_t first_kept(int fd, off_t size, int64_t since_ns)
{
    struct packet packet;
    off_t at = 0;
    while (at < size) {
        if (pread(fd, &packet, sizeof(packet), at) != sizeof(packet) || packet.magic != PACKET_MAGIC ||
            packet.packet_bits / 8 < sizeof(packet) || packet.packet_bits / 8 > (uint64_t)(size - at))
            return 0;
        if ((int64_t)packet.end >= since_ns)
            return at;
        at += (off_t)(packet.packet_bits / 8);
    }
    return at;
}

static int copy_from(int from, off_t at, off_t size, const char *path)
{
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
    int error = to < 0 ? -errno : 0;
    while (!error && at < size) {
        ssize_t done = copy_file_range(from, &at, to, NULL, (size_t)(size - at), 0);
        error = done < 0 ? -errno : done == 0 ? -EIO : 0;
    }
    if (to >= 0 && close(to) && !error)
        error = -errno;
    return error;
}

static int trim_stream(const char *path, int64_t since_ns)
{
    struct stat status = {.st_size = 0};
    char shorter[PATH_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fstat(fd, &status) ? -errno : 0;
    off_t at = error ? 0 : first_kept(fd, status.st_size, since_ns);
    if (at && at == status.st_size) {
        error = unlink(path) ? -errno : 0;
    } else if (at && snprintf(shorter, sizeof(shorter), "%s.trimmed", path) < (int)sizeof(shorter)) {
        error = copy_from(fd, at, status.st_size, shorter);
        if (!error && rename(shorter, path))
            error = -errno;
        if (error)
            unlink(shorter);
    }
    if (fd >= 0)
        close(fd);
    return error;
}

int trim_trace(const char *directory, int64_t since_ns)
{
    char *const roots[] = {(char *)(uintptr_t)directory, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int error = walk ? 0 : -errno;
    FTSENT *entry;
    while (walk && (entry = fts_read(walk))) {
        bool is_index = entry->fts_info == FTS_D && strcmp(entry->fts_name, "index") == 0;
        int one = 0;
        if (is_index) {
            fts_set(walk, entry, FTS_SKIP);
            remove_tree(entry->fts_path); /* it says where packets were; readers find them without it */
        } else if (entry->fts_info == FTS_F && channels_keep_last(entry->fts_name)) {
            one = trim_stream(entry->fts_path, since_ns);
        }
        error = error ? error : one;
    }
    if (walk)
        fts_close(walk);
    return error;
}
