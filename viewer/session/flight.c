/* What a flight recorder keeps and where it goes is asked of the daemon: the session is all that a recorder
 * and those who ask for a dump have in common. */
#include "viewer/session/flight.h"

#include "viewer/session/channels.h"
#include "viewer/session/guard.h"
#include "viewer/session/trim.h"

#include <dirent.h>
#include <errno.h>
#include <lttng/lttng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIND_MS 2000
#define DUMP_MS 5000 /* the consumer has to write what the buffers hold */

struct find_request {
    pid_t pid;
    struct flights found;
};

struct dump_request {
    const char *session;
    int64_t kept_ns;          /* how long it is to keep events; 0: as long as there is room */
    char directory[PATH_MAX]; /* of all its dumps */
};

/* Without a list, a session records all processes. What is allocated ends with the guarded child. */
static bool records(struct lttng_handle *handle, pid_t pid)
{
    int is_listed = 0;
    int32_t *pids = NULL;
    size_t count = 0;
    if (!handle || lttng_list_tracker_pids(handle, &is_listed, &pids, &count))
        return false;
    bool is_found = !is_listed;
    for (size_t i = 0; is_listed && i < count; i++)
        is_found |= pids[i] == pid;
    return is_found;
}

static int find_work(void *data)
{
    struct find_request *request = data;
    struct flights *found = &request->found;
    struct lttng_domain domain = session_domain();
    struct lttng_session *sessions = NULL;
    int count = lttng_session_daemon_alive() == 1 ? lttng_list_sessions(&sessions) : 0;
    for (int i = 0; i < count && found->count < FLIGHTS_MAX; i++)
        if (sessions[i].snapshot_mode && sessions[i].enabled && session_is_ours(sessions[i].name) &&
            records(lttng_create_handle(sessions[i].name, &domain), request->pid))
            snprintf(found->names[found->count++], SESSION_NAME_SIZE, "%.63s", sessions[i].name);
    return count < 0 ? -EIO : 0;
}

int flights_find(pid_t pid, struct flights *ret)
{
    struct find_request *request = guard_memory_new(sizeof(*request));
    if (!request)
        return -ENOMEM;
    request->pid = pid;
    int error = guard_call(find_work, request, FIND_MS);
    *ret = request->found;
    guard_memory_free(request, sizeof(*request));
    return error;
}

static int64_t kept_ns(const char *session)
{
    struct lttng_domain domain = session_domain();
    struct lttng_handle *handle = lttng_create_handle(session, &domain);
    struct lttng_channel *channels = NULL;
    int count = handle ? lttng_list_channels(handle, &channels) : 0;
    int64_t longest_ns = 0;
    for (int i = 0; i < count; i++) {
        int64_t one_ns = channels_kept_ns(&channels[i].attr);
        longest_ns = one_ns > longest_ns ? one_ns : longest_ns;
    }
    return longest_ns;
}

static int find_directory(const char *session, char ret_directory[PATH_MAX])
{
    struct lttng_snapshot_output_list *outputs = NULL;
    struct lttng_snapshot_output *output =
        lttng_snapshot_list_output(session, &outputs) ? NULL : lttng_snapshot_output_list_get_next(outputs);
    const char *url = output ? lttng_snapshot_output_get_ctrl_url(output) : "";
    const char *path = strchr(url, '/');
    while (path && path[1] == '/')
        path++; /* file:///… */
    snprintf(ret_directory, PATH_MAX, "%s", path ? path : "");
    return path ? 0 : -ENOENT;
}

static int dump_work(void *data)
{
    struct dump_request *request = data;
    request->kept_ns = kept_ns(request->session);
    int error = find_directory(request->session, request->directory);
    if (error)
        return error;
    /* Without an output it goes to the session's own directory; 1: wait, as it does anyway. */
    return lttng_snapshot_record(request->session, NULL, 1) < 0 ? -EIO : 0;
}

/* LTTng names them by the time, and at the end by their number from 0 on. */
static int find_newest(const char *directory, char ret_folder[PATH_MAX])
{
    long newest = -1;
    DIR *dir = opendir(directory);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        const char *last = strrchr(entry->d_name, '-');
        long number = last && strncmp(entry->d_name, "snapshot-", 9) == 0 ? strtol(last + 1, NULL, 10) : -1;
        if (number > newest && snprintf(ret_folder, PATH_MAX, "%s/%s", directory, entry->d_name) < PATH_MAX)
            newest = number;
    }
    if (dir)
        closedir(dir);
    return newest < 0 ? -ENOENT : 0;
}

int flight_dump(const char *session, int64_t until_ns, char ret_folder[PATH_MAX])
{
    struct dump_request *request = guard_memory_new(sizeof(*request));
    if (!request)
        return -ENOMEM;
    request->session = session;
    int error = guard_call(dump_work, request, DUMP_MS);
    if (!error)
        error = find_newest(request->directory, ret_folder);
    if (!error && request->kept_ns)
        error = trim_trace(ret_folder, until_ns - request->kept_ns);
    guard_memory_free(request, sizeof(*request));
    return error;
}
