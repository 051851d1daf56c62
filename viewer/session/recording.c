/* A recording from its folder to its last line: daemon, session and count, composed. */
#include "viewer/session/recording.h"

#include "base/clock.h"
#include "viewer/session/flight.h"
#include "viewer/session/remove_tree.h"
#include "viewer/session/trace_count.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT_MS 20000
#define KNOWN_MS 12000 /* LTTng looks for a new daemon every 5 s */
#define DIRECTORY_TRIES 100

static int check_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -errno;
    int status = 0;
    for (struct dirent *entry = readdir(dir); entry && status == 0; entry = readdir(dir))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = -ENOTEMPTY;
    closedir(dir);
    return status;
}

static int take_directory(struct recording *recording, const char *path)
{
    int status = 0;
    recording->is_directory_ours = mkdir(path, 0700) == 0;
    if (!recording->is_directory_ours)
        status = errno == EEXIST ? check_empty(path) : -errno;
    /* Found out now, not after the command has run: LTTng would only say so in the daemon's log. */
    if (status == 0 && access(path, W_OK | X_OK))
        status = -errno;
    if (status == 0 && !realpath(path, recording->directory))
        status = -errno;
    if (status < 0 && recording->is_directory_ours)
        rmdir(path);
    return status;
}

int recording_prepare(struct recording *recording, const char *directory)
{
    *recording = (struct recording){0};
    if (directory)
        return take_directory(recording, directory);
    char name[64];
    int status = -ENOTEMPTY;
    /* A number that came round again must not stop anybody who didn't choose it. */
    for (int i = 0; i < DIRECTORY_TRIES && status == -ENOTEMPTY; i++) {
        snprintf(name, sizeof(name), i ? "preflame-trace-%d-%d" : "preflame-trace-%d", (int)getpid(), i);
        status = take_directory(recording, name);
    }
    return status;
}

/* A process that runs finds a daemon by itself, and nothing of it is recorded before. */
static int await_process(struct recording *recording, pid_t only, char *problem, size_t problem_size)
{
    int status = only ? session_await_process(only, KNOWN_MS) : 0;
    if (status < 0) {
        (void)!session_destroy(recording->session);
        snprintf(problem, problem_size,
                 "process %d did not come to lttng-sessiond: is it another user's, or in a container?",
                 (int)only);
    }
    return status;
}

static void watch(struct recording *recording, pid_t pid, bool is_new)
{
    if (recording->has_sched && !recording->kept.bytes)
        recording->sched = sched_start(pid, is_new, recording->directory);
}

int recording_start(struct recording *recording, pid_t only, char *problem, size_t problem_size)
{
    int status = session_daemon_acquire(&recording->daemon, only == 0, problem, problem_size);
    if (status == 0) {
        status = session_start(&(struct session_plan){recording->directory, only, recording->kept},
                               recording->session, problem, problem_size);
        if (status == 0)
            status = await_process(recording, only, problem, problem_size);
        if (status < 0)
            session_daemon_release(&recording->daemon);
    }
    if (status < 0 && recording->is_directory_ours)
        remove_tree(recording->directory);
    if (status == 0 && only)
        watch(recording, only, false);
    return status;
}

void recording_watch(struct recording *recording, pid_t pid)
{
    watch(recording, pid, true);
}

const char *recording_result_folder(const struct recording *recording)
{
    return recording->dump[0] ? recording->dump : recording->directory;
}

int recording_dump(struct recording *recording, struct recording_result *ret_result)
{
    struct trace_count count = {0};
    int status = flight_dump(recording->session, clock_mono_ns(), recording->dump);
    if (status)
        return status;
    ret_result->is_counted_whole = trace_count_events(recording->dump, COUNT_MS, &count) == 0;
    ret_result->is_complete = true;
    ret_result->events = count.events;
    ret_result->lost = count.discarded_events;
    return 0;
}

void recording_finish(struct recording *recording, struct recording_result *ret_result)
{
    struct session_loss loss = {0};
    struct trace_count count = {0};
    int64_t end_ns = clock_mono_ns(); /* of what was recorded; to write it may take longer than it is kept */
    int status = session_stop(recording->session);
    if (status != -ETIMEDOUT && recording->kept.bytes &&
        flight_dump(recording->session, end_ns, recording->dump))
        status = -EIO;
    /* A daemon that missed a deadline of 5 s would only miss the next ones. */
    if (status != -ETIMEDOUT && session_read_loss(recording->session, &loss) < 0)
        status = -EIO;
    if (status != -ETIMEDOUT && session_destroy(recording->session) < 0)
        status = -EIO;
    recording->session[0] = '\0';
    session_daemon_release(&recording->daemon);
    sched_stop(recording->sched);
    ret_result->is_complete = status == 0;
    ret_result->is_counted_whole =
        trace_count_events(recording_result_folder(recording), COUNT_MS, &count) == 0;
    /* What is beside LTTng's trace is not counted as its events. */
    sched_finish(recording->sched, recording->directory);
    recording->sched = NULL;
    ret_result->events = count.events;
    /* What a flight recorder overwrote is what it was to forget. */
    uint64_t lost = loss.discarded_events + (recording->kept.bytes ? 0 : loss.lost_packets);
    ret_result->lost = lost > count.discarded_events ? lost : count.discarded_events;
}
