/* Headers of 512 bytes, contents padded to as much, two empty blocks at the end. */
#include "viewer/session/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512
#define FILE_BYTES_MAX 077777777777LL /* eleven octal digits */

/* Numbers are octal text. */
struct header {
    char name[100], mode[8], owner[8], group[8], size[12], modified[12], sum[8], type, link[100], magic[6],
        version[2], owner_name[32], group_name[32], device[16], prefix[155], unused[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static void pad(struct bytes *out)
{
    static const char nothing[BLOCK];
    bytes_put(out, nothing, (BLOCK - out->len % BLOCK) % BLOCK);
}

static int put_header(const char *name, const struct stat *status, struct bytes *out)
{
    struct header header = {.magic = "ustar", .version = {'0', '0'}, .type = '0'};
    bool is_folder = S_ISDIR(status->st_mode);
    long long size = is_folder ? 0 : (long long)status->st_size;
    if (snprintf(header.name, sizeof(header.name), "%s%s", name, is_folder ? "/" : "") >=
        (int)sizeof(header.name))
        return -ENAMETOOLONG;
    if (size > FILE_BYTES_MAX)
        return -EFBIG;
    header.type = is_folder ? '5' : '0';
    snprintf(header.mode, sizeof(header.mode), "%07o", is_folder ? 0755 : 0644);
    snprintf(header.owner, sizeof(header.owner), "%07o", 0);
    snprintf(header.group, sizeof(header.group), "%07o", 0);
    snprintf(header.size, sizeof(header.size), "%011llo", size);
    snprintf(header.modified, sizeof(header.modified), "%011llo", (long long)status->st_mtime);
    unsigned sum = 8 * ' '; /* its own field counts as spaces */
    for (size_t i = 0; i < sizeof(header); i++)
        sum += ((const unsigned char *)&header)[i];
    snprintf(header.sum, sizeof(header.sum), "%06o", sum);
    header.sum[7] = ' ';
    bytes_put(out, &header, sizeof(header));
    return out->error;
}

static int put_file(const char *path, const char *name, struct bytes *out)
{
    struct stat status = {.st_size = 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fstat(fd, &status) ? -errno : 0;
    if (!error)
        error = put_header(name, &status, out);
    uint8_t *to = error ? NULL : bytes_reserve(out, (size_t)status.st_size);
    if (!error && !to)
        error = out->error;
    for (off_t done = 0; !error && done < status.st_size;) {
        ssize_t got = read(fd, to + done, (size_t)(status.st_size - done));
        error = got > 0 ? 0 : got < 0 ? -errno : -EIO;
        done += got > 0 ? got : 0;
        out->len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    pad(out);
    return error;
}

static int put_entry(const FTSENT *entry, const char *name, struct bytes *out)
{
    switch (entry->fts_info) {
    case FTS_D:
        return put_header(name, entry->fts_statp, out);
    case FTS_F:
        return put_file(entry->fts_path, name, out);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return entry->fts_errno ? -entry->fts_errno : -EIO;
    default:
        return 0;
    }
}

int tar_folder(const char *directory, const char *name, struct bytes *out)
{
    static const char end[2 * BLOCK];
    char *const roots[] = {(char *)(uintptr_t)directory, NULL};
    size_t root_len = strlen(directory);
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int error = walk ? 0 : -errno;
    while (!error) {
        char path[sizeof(((struct header *)0)->name)];
        FTSENT *entry = fts_read(walk);
        if (!entry)
            break;
        if (snprintf(path, sizeof(path), "%s%s", name, entry->fts_path + root_len) >= (int)sizeof(path))
            error = -ENAMETOOLONG;
        else
            error = put_entry(entry, path, out);
    }
    if (walk)
        fts_close(walk);
    bytes_put(out, end, sizeof(end));
    return error ? error : out->error;
}
