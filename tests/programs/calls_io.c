/* Every interposed call on files and pipes: success, failure, EINTR and cancellation. */
#include "places.h"
#include "transcript.h"

#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

static char buffer[64];

static long call_read(int fd)
{
    return read(fd, buffer, sizeof buffer);
}

static long call_readv(int fd)
{
    const struct iovec parts[2] = {{buffer, 2}, {buffer + 2, 62}};
    return readv(fd, parts, 2);
}

static long call_pread(int fd)
{
    return pread(fd, buffer, 8, 4);
}

static long call_pread64(int fd)
{
    return pread64(fd, buffer, 8, 4);
}

static long call_write(int fd)
{
    return write(fd, "seven!!", 7);
}

static long call_writev(int fd)
{
    static char text[] = "vector";
    const struct iovec parts[2] = {{text, 3}, {text + 3, 3}};
    return writev(fd, parts, 2);
}

static long call_pwrite(int fd)
{
    return pwrite(fd, "five!", 5, 2);
}

static long call_pwrite64(int fd)
{
    return pwrite64(fd, "five!", 5, 2);
}

static long call_fsync(int fd)
{
    return fsync(fd);
}

static long call_fdatasync(int fd)
{
    return fdatasync(fd);
}

static long call_flock(int fd)
{
    return flock(fd, LOCK_EX);
}

static long call_flock_nonblocking(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB);
}

#define BOTH (CALL_IS_INTERRUPTED | CALL_IS_CANCELLED)

static const struct call_row rows[] = {
    {"read", call_read, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"readv", call_readv, place_ready_pipe, place_closed, place_empty_pipe, places_release, BOTH},
    {"pread", call_pread, place_file, place_ready_pipe, NULL, places_release, CALL_IS_CANCELLED},
    {"pread64", call_pread64, place_file, place_closed, NULL, places_release, CALL_IS_CANCELLED},
    {"write", call_write, place_open_pipe, place_broken_pipe, place_full_pipe, places_release, BOTH},
    {"write to a file", call_write, place_file, place_closed, NULL, places_release, CALL_IS_CANCELLED},
    {"writev", call_writev, place_open_pipe, place_broken_pipe, place_full_pipe, places_release, BOTH},
    {"pwrite", call_pwrite, place_file, place_open_pipe, NULL, places_release, CALL_IS_CANCELLED},
    {"pwrite64", call_pwrite64, place_file, place_closed, NULL, places_release, CALL_IS_CANCELLED},
    {"fsync", call_fsync, place_file, place_open_pipe, NULL, places_release, CALL_IS_CANCELLED},
    {"fdatasync", call_fdatasync, place_file, place_closed, NULL, places_release, CALL_IS_CANCELLED},
    {"flock", call_flock, place_file, place_closed, place_file_locked, places_release, CALL_IS_INTERRUPTED},
    {"flock without waiting", call_flock_nonblocking, place_file, place_file_locked, NULL, places_release, 0},
};

int main(void)
{
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    int fd = place_ready_pipe();
    long len = read(fd, buffer, sizeof buffer);
    transcript_line("read brought %ld bytes, \"%.4s\"", len, buffer);
    fd = place_file();
    len = pread(fd, buffer, 6, 2);
    transcript_line("pread brought %ld bytes, \"%.6s\"", len, buffer);
    places_release();
    return 0;
}
