/* Readings of schedstat, since the recording began. */
#include "viewer/session/sched_stat.h"

#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct counts {
    int64_t run_ns, ready_ns;
    uint64_t slices;
};

struct sched_stat_thread {
    struct counts before, last;
};

void sched_stat_init(struct sched_stat *stat, pid_t pid, bool is_new)
{
    *stat = (struct sched_stat){.pid = pid, .is_begun = is_new};
    map_init(&stat->rows);
}

void sched_stat_clear(struct sched_stat *stat)
{
    map_clear(&stat->rows);
    free(stat->threads);
    stat->threads = NULL;
}

/* A row of zeros when new; NULL without memory. */
static struct sched_stat_thread *thread_of(struct sched_stat *stat, pid_t tid, int *ret_is_new)
{
    uint32_t *row;
    if (stat->count == stat->room) {
        size_t room = stat->room ? 2 * stat->room : 64;
        struct sched_stat_thread *threads = reallocarray(stat->threads, room, sizeof(*threads));
        if (!threads)
            return NULL;
        stat->threads = threads;
        stat->room = room;
    }
    if (map_add(&stat->rows, &tid, sizeof(tid), (uint32_t)stat->count, &row, ret_is_new))
        return NULL;
    if (*ret_is_new)
        stat->threads[stat->count++] = (struct sched_stat_thread){0};
    return &stat->threads[*row];
}

static bool read_counts(int tasks, const char *tid, struct counts *ret)
{
    char path[64], text[128];
    snprintf(path, sizeof(path), "%.20s/schedstat", tid);
    int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[size > 0 ? size : 0] = '\0';
    return sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNu64, &ret->run_ns, &ret->ready_ns, &ret->slices) == 3;
}

static void read_thread(struct sched_stat *stat, int tasks, const char *name, struct sched_stream *to)
{
    struct counts now;
    int is_new = 0;
    pid_t tid = (pid_t)strtol(name, NULL, 10);
    if (tid <= 0 || !read_counts(tasks, name, &now))
        return;
    struct sched_stat_thread *thread = thread_of(stat, tid, &is_new);
    if (!thread)
        return;
    if (is_new && !stat->is_begun)
        thread->before = thread->last = now;
    if (now.run_ns == thread->last.run_ns && now.ready_ns == thread->last.ready_ns)
        return;
    thread->last = now;
    struct counts since = {now.run_ns - thread->before.run_ns, now.ready_ns - thread->before.ready_ns,
                           now.slices - thread->before.slices};
    sched_stream_add(to, SCHED_STAT, clock_mono_ns(), stat->pid, tid, &since, sizeof(since));
}

void sched_stat_read(struct sched_stat *stat, struct sched_stream *to)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)stat->pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return;
    const struct dirent *entry;
    while ((entry = readdir(tasks)))
        read_thread(stat, dirfd(tasks), entry->d_name, to);
    closedir(tasks);
    stat->is_begun = true;
}
