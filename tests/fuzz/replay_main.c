/* Runs a fuzzer's function once over every file of the folders given: how fuzzers take part in every build.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void closep(FILE **file)
{
    if (*file)
        fclose(*file);
}

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

static void freep(uint8_t **data)
{
    free(*data);
}

/* Returns 1 when a file was replayed, 0 when the entry isn't a file, or negative errno. */
static int replay(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    FILE *file CLEANUP(closep) = fd < 0 ? NULL : fdopen(fd, "rb");
    struct stat status;
    if (!file || fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return 0;
    size_t size = (size_t)status.st_size;
    uint8_t *data CLEANUP(freep) = malloc(size + 1);
    if (!data)
        return -ENOMEM;
    if (fread(data, 1, size, file) != size)
        return -EIO;
    LLVMFuzzerTestOneInput(data, size);
    return 1;
}

static int replay_folder(const char *path, size_t *count)
{
    DIR *folder CLEANUP(close_folder) = opendir(path);
    if (!folder)
        return -errno;
    for (struct dirent *entry; (entry = readdir(folder));) {
        int replayed = replay(dirfd(folder), entry->d_name);
        if (replayed < 0)
            return replayed;
        *count += (size_t)replayed;
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        int error = replay_folder(argv[i], &count);
        if (error) {
            fprintf(stderr, "replay: %s could not be read: %s: name a folder of inputs\n", argv[i],
                    strerror(-error));
            return 1;
        }
    }
    if (!count) {
        fprintf(stderr, "replay: there was nothing to replay: name a folder of inputs\n");
        return 1;
    }
    printf("%zu inputs replayed\n", count);
    return 0;
}
