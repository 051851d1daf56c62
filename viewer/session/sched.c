/* The recording thread: every 20 ms it empties perf's buffers and reads the counts. */
#include "viewer/session/sched.h"

#include "base/clock.h"
#include "viewer/session/sched_perf.h"
#include "viewer/session/sched_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUND_NS (NS_PER_S / 50)
#define STAT_COST_FACTOR 100 /* readings take one percent of a CPU at most */

struct sched {
    pthread_t thread;
    int folder;
    int perf_error; /* 0: perf records */
    struct sched_perf perf;
    struct sched_stat stat;
    struct sched_stream *streams; /* owned; one a CPU, then that of the counts */
    size_t stream_count;
    pthread_mutex_t lock; /* of is_ending */
    pthread_cond_t ending;
    bool is_ending;
};

static void drain(struct sched *sched)
{
    for (int cpu = 0; cpu < sched->perf.cpu_count; cpu++)
        sched_perf_drain(&sched->perf, cpu, &sched->streams[cpu]);
}

/* Gives the time of the next reading. */
static int64_t read_stat(struct sched *sched)
{
    int64_t begun_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    sched_stat_read(&sched->stat, &sched->streams[sched->stream_count - 1]);
    int64_t pause_ns = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun_ns) * STAT_COST_FACTOR;
    return clock_mono_ns() + pause_ns;
}

/* True when it is to end. */
static bool wait_round(struct sched *sched)
{
    int64_t until_ns = clock_mono_ns() + ROUND_NS;
    struct timespec until = {until_ns / NS_PER_S, until_ns % NS_PER_S};
    pthread_mutex_lock(&sched->lock);
    int error = 0;
    while (!sched->is_ending && !error)
        error = pthread_cond_clockwait(&sched->ending, &sched->lock, CLOCK_MONOTONIC, &until);
    bool is_ending = sched->is_ending;
    pthread_mutex_unlock(&sched->lock);
    return is_ending;
}

static void *run(void *context)
{
    struct sched *sched = context;
    int64_t next_ns = read_stat(sched);
    while (!wait_round(sched)) {
        drain(sched);
        if (clock_mono_ns() >= next_ns)
            next_ns = read_stat(sched);
    }
    drain(sched);
    (void)read_stat(sched);
    return NULL;
}

static int open_streams(struct sched *sched, const char *directory)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/" SCHED_FOLDER, directory) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    if (mkdir(path, 0700) || (sched->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return -errno;
    sched->stream_count = (size_t)sched->perf.cpu_count + 1;
    sched->streams = malloc(sched->stream_count * sizeof(*sched->streams));
    int error = sched->streams ? 0 : -ENOMEM;
    for (size_t i = 0; i < sched->stream_count && !error; i++) {
        char name[16] = "counts";
        if (i < (size_t)sched->perf.cpu_count)
            snprintf(name, sizeof(name), "cpu%u", (unsigned)i);
        error = sched_stream_open(&sched->streams[i], sched->folder, name);
        sched->stream_count = error ? i : sched->stream_count;
    }
    return error;
}

static void put_source(struct sched *sched, pid_t pid)
{
    const char *source = sched->perf_error ? "schedstat" : "perf";
    const char *problem = sched->perf_error ? strerror(-sched->perf_error) : "";
    char fields[256]; /* two strings, each with its end */
    size_t length = strlen(source) + 1;
    memcpy(fields, source, length);
    length += (size_t)snprintf(fields + length, sizeof(fields) - length, "%.200s", problem) + 1;
    sched_stream_add(&sched->streams[sched->stream_count - 1], SCHED_SOURCE, clock_mono_ns(), pid, pid,
                     fields, length);
}

/* Signals are for the thread that waits for them. */
static int start_thread(struct sched *sched)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&sched->thread, NULL, run, sched);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

static void free_sched(struct sched *sched)
{
    for (size_t i = 0; i < sched->stream_count; i++)
        sched_stream_close(&sched->streams[i]);
    sched_perf_close(&sched->perf);
    sched_stat_clear(&sched->stat);
    if (sched->folder >= 0)
        close(sched->folder);
    free(sched->streams);
    free(sched);
}

struct sched *sched_start(pid_t pid, bool is_new, const char *directory)
{
    struct sched *sched = calloc(1, sizeof(*sched));
    if (!sched)
        return NULL;
    sched->folder = -1;
    pthread_mutex_init(&sched->lock, NULL);
    pthread_cond_init(&sched->ending, NULL);
    sched->perf_error = sched_perf_open(&sched->perf, pid);
    sched_stat_init(&sched->stat, pid, is_new);
    int error = open_streams(sched, directory);
    if (!error) {
        put_source(sched, pid);
        error = start_thread(sched);
    }
    if (error)
        free_sched(sched);
    return error ? NULL : sched;
}

void sched_stop(struct sched *sched)
{
    if (!sched)
        return;
    pthread_mutex_lock(&sched->lock);
    sched->is_ending = true;
    pthread_cond_signal(&sched->ending);
    pthread_mutex_unlock(&sched->lock);
    pthread_join(sched->thread, NULL);
    for (size_t i = 0; i < sched->stream_count; i++)
        sched_stream_close(&sched->streams[i]);
    sched_perf_close(&sched->perf);
}

void sched_finish(struct sched *sched, const char *directory)
{
    if (!sched)
        return;
    if (sched_metadata_write(directory, sched->folder))
        unlinkat(sched->folder, "metadata", 0);
    free_sched(sched);
}
