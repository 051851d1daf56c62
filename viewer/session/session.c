/* One LTTng session, by liblttng-ctl: every call that may wait for the daemon is guarded. */
#include "viewer/session/session.h"

#include "base/clock.h"
#include "viewer/session/channels.h"
#include "viewer/session/guard.h"

#include <errno.h>
#include <lttng/lttng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define START_MS 2000 /* 2 ms are usual; with the probe of the daemon before it, 3 s in all */
#define STOP_MS 5000  /* the consumer has to write what the buffers hold */
#define LOSS_MS 2000
#define DESTROY_MS 3000
#define POLL_MS 10
#define NAME_PREFIX "preflame-"
#define NAME_TRIES 10 /* a name can only be taken by a dead namesake's left-over session */

struct start_request {
    struct session_plan plan;
    pid_t recorder; /* in the session's name */
    char name[SESSION_NAME_SIZE];
    int lttng_error; /* negative LTTng code, for words */
};

struct loss_request {
    const char *name;
    struct session_loss loss;
};

struct lttng_domain session_domain(void)
{
    struct lttng_domain domain;
    memset(&domain, 0, sizeof(domain));
    domain.type = LTTNG_DOMAIN_UST;
    domain.buf_type =
        LTTNG_BUFFER_PER_UID; /* per-PID loses processes and whole traces when many start at once */
    return domain;
}

bool session_is_ours(const char *name)
{
    return strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0;
}

/* LTTng error codes are their own numbers; the caller needs to know only that one happened. */
static int create_with_free_name(struct start_request *request)
{
    enum lttng_error_code code = LTTNG_ERR_EXIST_SESS;
    for (int i = 0; i < NAME_TRIES && code == LTTNG_ERR_EXIST_SESS; i++) {
        snprintf(request->name, sizeof(request->name), NAME_PREFIX "%d-%d", (int)request->recorder, i);
        struct lttng_session_descriptor *descriptor =
            request->plan.kept.bytes
                ? lttng_session_descriptor_snapshot_local_create(request->name, request->plan.directory)
                : lttng_session_descriptor_local_create(request->name, request->plan.directory);
        if (!descriptor)
            return -LTTNG_ERR_NOMEM;
        code = lttng_create_session_ext(descriptor);
        lttng_session_descriptor_destroy(descriptor);
    }
    return code == LTTNG_OK ? 0 : -(int)code;
}

static int start_work(void *data)
{
    struct start_request *request = data;
    int error = create_with_free_name(request);
    if (error < 0) {
        request->lttng_error = error;
        request->name[0] = '\0';
        return -EIO;
    }
    struct lttng_domain domain = session_domain();
    struct lttng_handle *handle = lttng_create_handle(request->name, &domain);
    error = handle ? channels_create(handle, &request->plan.kept) : -LTTNG_ERR_NOMEM;
    if (error == 0 && request->plan.only)
        error = lttng_track_pid(handle, request->plan.only);
    if (error == 0)
        error = lttng_start_tracing(request->name);
    if (handle)
        lttng_destroy_handle(handle);
    if (error == 0)
        return 0;
    lttng_destroy_session_no_wait(request->name);
    request->lttng_error = error;
    return -EIO;
}

int session_start(const struct session_plan *plan, char ret_name[SESSION_NAME_SIZE], char *problem,
                  size_t problem_size)
{
    struct start_request *request = guard_memory_new(sizeof(*request));
    if (!request)
        return -ENOMEM;
    request->plan = *plan; /* the forked child sees our memory */
    request->recorder = getpid();
    int status = guard_call(start_work, request, START_MS);
    if (status == 0)
        memcpy(ret_name, request->name, SESSION_NAME_SIZE);
    else if (status == -ETIMEDOUT)
        snprintf(problem, problem_size, "lttng-sessiond stopped answering while a session was made");
    else
        snprintf(problem, problem_size, "no LTTng session: %s",
                 request->lttng_error ? lttng_strerror(request->lttng_error) : strerror(-status));
    guard_memory_free(request, sizeof(*request));
    return status;
}

/* The guard is the deadline. Daemons list the processes whose tracepoints they could enable. */
static int await_work(void *data)
{
    const pid_t *pid = data;
    struct lttng_domain domain = session_domain();
    for (;; nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL)) {
        struct lttng_handle *handle = lttng_create_handle(NULL, &domain);
        struct lttng_event *events = NULL;
        int count = handle ? lttng_list_tracepoints(handle, &events) : -1;
        for (int i = 0; i < count; i++)
            if (events[i].pid == *pid)
                return 0; /* all that it took ends with this process */
        free(events);
        if (handle)
            lttng_destroy_handle(handle);
    }
}

int session_await_process(pid_t pid, int limit_ms)
{
    return guard_call(await_work, &pid, limit_ms);
}

/* The guard is the deadline: this asks until there is nothing left to write. */
static int stop_work(void *data)
{
    const char *name = data;
    int error = lttng_stop_tracing_no_wait(name);
    if (error < 0 && error != -LTTNG_ERR_TRACE_ALREADY_STOPPED)
        return -EIO;
    int pending = 0;
    while ((pending = lttng_data_pending(name)) == 1)
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    return pending < 0 ? -EIO : 0;
}

int session_stop(const char *name)
{
    return guard_call(stop_work, (void *)name, STOP_MS);
}

static int loss_work(void *data)
{
    struct loss_request *request = data;
    struct lttng_domain domain = session_domain();
    struct lttng_handle *handle = lttng_create_handle(request->name, &domain);
    struct lttng_channel *channels = NULL;
    int count = handle ? lttng_list_channels(handle, &channels) : -1;
    for (int i = 0; i < count; i++) {
        uint64_t events = 0;
        uint64_t packets = 0;
        if (lttng_channel_get_discarded_event_count(&channels[i], &events) ||
            lttng_channel_get_lost_packet_count(&channels[i], &packets))
            return -EIO;
        request->loss.discarded_events += events;
        request->loss.lost_packets += packets;
    }
    return count < 0 ? -EIO : 0; /* handle and list end with this process */
}

int session_read_loss(const char *name, struct session_loss *ret_loss)
{
    struct loss_request *request = guard_memory_new(sizeof(*request));
    if (!request)
        return -ENOMEM;
    request->name = name;
    int status = guard_call(loss_work, request, LOSS_MS);
    if (status == 0)
        *ret_loss = request->loss;
    guard_memory_free(request, sizeof(*request));
    return status;
}

/* Waited for (0.5 s): until the daemon has closed the session, its last packets and metadata may not be in
 * the files, whatever lttng_data_pending says. */
static int destroy_work(void *data)
{
    struct lttng_destruction_handle *handle = NULL;
    if (lttng_destroy_session_ext(data, &handle) != LTTNG_OK)
        return -EIO;
    /* -1: no limit but the guard's. */
    enum lttng_destruction_handle_status status = lttng_destruction_handle_wait_for_completion(handle, -1);
    return status == LTTNG_DESTRUCTION_HANDLE_STATUS_COMPLETED ? 0 : -EIO;
}

int session_destroy(const char *name)
{
    return guard_call(destroy_work, (void *)name, DESTROY_MS);
}
