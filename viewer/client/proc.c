/* Reading /proc/PID. */
#include "viewer/client/proc.h"

#include "base/compiler.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

pid_t proc_pid(const char *name)
{
    char *end;
    long pid = name[0] >= '1' && name[0] <= '9' ? strtol(name, &end, 10) : 0;
    return pid > 0 && pid < INT_MAX && !*end ? (pid_t)pid : 0;
}

/* The first line of a file. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    line[0] = 0;
    bool is_read = file && fgets(line, (int)size, file);
    if (file)
        fclose(file);
    line[strcspn(line, "\n")] = 0;
    return is_read;
}

bool proc_names(pid_t pid, char *name, size_t name_size, char *program, size_t program_size)
{
    char path[64], target[PATH_MAX];
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    program[0] = 0;
    if (!read_line(path, name, name_size))
        return false;
    snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    if (len > 0) {
        target[len] = 0;
        const char *slash = strrchr(target, '/');
        snprintf(program, program_size, "%.*s", (int)program_size - 1, slash ? slash + 1 : target);
    }
    return true;
}

int64_t proc_uptime_s(pid_t pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (!read_line(path, line, sizeof(line)) || !strrchr(line, ')'))
        return 0;
    /* Field 22 is when it started, in ticks since the machine did; the name before may hold blanks. */
    const char *at = strrchr(line, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    long ticks = sysconf(_SC_CLK_TCK);
    int64_t start_s = at && ticks > 0 ? (int64_t)(strtoull(at, NULL, 10) / (unsigned long)ticks) : now.tv_sec;
    return now.tv_sec > start_s ? now.tv_sec - start_s : 0;
}

pid_t proc_thread_named(pid_t pid, const char *name)
{
    char path[300], comm[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    const struct dirent *entry;
    pid_t found = 0;
    while (threads && !found && (entry = readdir(threads))) {
        pid_t thread = proc_pid(entry->d_name);
        snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)pid, (int)thread);
        if (thread && read_line(path, comm, sizeof(comm)) && strcmp(comm, name) == 0)
            found = thread;
    }
    if (threads)
        closedir(threads);
    return found;
}

int proc_has_mapped(pid_t pid, const char *ending)
{
    char path[64], *line = NULL;
    size_t room = 0;
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    int error = maps ? -ENOENT : -EACCES;
    while (maps && error && getline(&line, &room, maps) > 0) {
        size_t wanted = strlen(ending);
        line[strcspn(line, "\n")] = 0;
        size_t size = strlen(line);
        if (size >= wanted && strcmp(line + size - wanted, ending) == 0)
            error = 0;
    }
    free(line);
    if (maps)
        fclose(maps);
    return error;
}
