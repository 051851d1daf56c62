/* A helper records; a thread of ours, whose descriptors the program doesn't see, listens to it meanwhile. */
#include "boot/program_trace.h"

#include "base/clock.h"
#include "boot/services.h"
#include "boot/trace.h"
#include "exporters/helper.h"
#include "exporters/helper_answer.h"
#include "pipeline/locks.h"
#include "pipeline/own_thread.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)256 * 1024)
#define ANSWER_BYTES_MAX ((size_t)64 << 10)
#define LOAD_MS 5000   /* LTTng waits 3 s at most for a daemon that hangs */
#define START_MS 30000 /* the helper's own limits are shorter */
#define STOP_MS 60000
#define DUMP_NS (60 * NS_PER_S)
#define ASK_MS 2
#define LOOK_MS 50 /* between two looks of the listener at whether it is to stop */

enum state { IDLE, STARTING, RUNNING, ENDED };

static const struct engine_host *host;
/* Protects the next ones. */
static struct lock trace_lock = LOCK_INITIALIZER(TRACE);
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static enum state state;
static int end_error;                /* of what has ended */
static bool is_given_up;             /* nobody waits for its end any more */
static char path_of_trace[PATH_MAX]; /* absolute; the thread's while it lives */
static atomic_bool is_stopping;

void program_trace_init(const struct engine_host *the_host)
{
    host = the_host;
}

static void enter(enum state next, int error)
{
    lock_take(&trace_lock);
    state = next == ENDED && is_given_up ? IDLE : next;
    end_error = error;
    pthread_cond_broadcast(&changed);
    lock_leave(&trace_lock);
}

/* Until it isn't `from` any more. Under the lock. False when the time is up. */
static bool await_other(enum state from, int limit_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += limit_ms / 1000;
    int error = 0;
    while (state == from && !error)
        error = pthread_cond_timedwait(&changed, &trace_lock.mutex, &until);
    return state != from;
}

/* What it has answered so far, as far as that is new: it records, or has ended. 0 or negative errno. */
static int judge(const char *text)
{
    char why[HELPER_WHY_BYTES];
    size_t head = 0;
    uint64_t events = 0, lost = 0;
    int error = helper_answer(text, &head, why);
    if (error)
        host->log(LOG_WARN, "no trace in %s: %s", path_of_trace, why);
    else if (sscanf(text + head, "%" SCNu64 " %" SCNu64, &events, &lost) == 2 && lost)
        host->log(LOG_WARN, "the trace in %s lacks %" PRIu64 " events, beside %" PRIu64 " that it has",
                  path_of_trace, lost, events);
    return error;
}

/* Listens until the helper has said all. Its first line tells that it records. */
static int hear(const struct helper *helper, struct bytes *said)
{
    size_t first = 0;
    bool is_told = false;
    for (;;) {
        struct pollfd readable = {.fd = helper->output_fd, .events = POLLIN};
        if (!is_told && atomic_load(&is_stopping)) {
            helper_ask_end(helper);
            is_told = true;
        }
        (void)poll(&readable, 1, LOOK_MS);
        int got = helper_read(helper, said);
        if (got < 0 && got != -EAGAIN)
            return got;
        if (got == 0)
            return judge(bytes_text(said) + first);
        if (first || !strchr(bytes_text(said), '\n'))
            continue;
        if (strncmp(bytes_text(said), "ok\n", 3) == 0) {
            first = 3;
            enter(RUNNING, 0);
        }
    }
}

static int record(void)
{
    char pid[32], output[PATH_MAX + 16];
    const struct helper_command *symbolizer = services_symbolizer();
    snprintf(pid, sizeof(pid), "--pid=%d", (int)getpid());
    snprintf(output, sizeof(output), "--output=%s", path_of_trace);
    const char *const argv[] = {symbolizer->argv[0], "trace", pid, output, NULL};
    const struct helper_command command = {.argv = argv, .env = symbolizer->env};
    struct helper helper;
    struct bytes said CLEANUP(bytes_clear);
    bytes_init(&said, ANSWER_BYTES_MAX);
    int input_fd = helper_input("", 0);
    int error = input_fd < 0 ? input_fd : helper_start(&command, input_fd, &helper);
    if (input_fd >= 0)
        close(input_fd);
    if (error)
        return error;
    error = hear(&helper, &said);
    helper_close(&helper);
    return error;
}

static void *record_main(void *unused)
{
    prctl(PR_SET_NAME, "preflame-trace");
    (void)host->private_files_enter();
    enter(ENDED, record());
    while (helper_reap())
        (void)poll(NULL, 0, LOOK_MS);
    return unused;
}

/* The provider, loaded by another thread: this one's stack may be small. */
static int load_provider(void)
{
    int error;
    for (int waited_ms = 0; (error = trace_ask()) == -EINPROGRESS && waited_ms < LOAD_MS;
         waited_ms += ASK_MS) {
        trace_settle();
        (void)poll(NULL, 0, ASK_MS);
    }
    return error == -EINPROGRESS ? -ETIMEDOUT : error;
}

/* The helper lives in another folder. */
static int place(const char *path)
{
    char folder[PATH_MAX] = "";
    if (!path || !path[0])
        return -EINVAL;
    if (path[0] != '/' && !getcwd(folder, sizeof(folder)))
        return -errno;
    int len = snprintf(path_of_trace, sizeof(path_of_trace), "%s%s%s", folder, folder[0] ? "/" : "", path);
    return len < (int)sizeof(path_of_trace) ? 0 : -ENAMETOOLONG;
}

static int begin(const char *path)
{
    pthread_t thread;
    int error = place(path);
    if (!error)
        error = services_symbolizer() ? load_provider() : -ENOENT;
    atomic_store(&is_stopping, false);
    if (!error)
        error = own_thread_start(&thread, STACK_BYTES, record_main, NULL);
    if (!error)
        pthread_detach(thread);
    return error;
}

int program_trace_start(const char *path)
{
    lock_take(&trace_lock);
    bool is_free = state == IDLE;
    if (is_free) {
        state = STARTING;
        is_given_up = false;
    }
    lock_leave(&trace_lock);
    if (!is_free)
        return -EBUSY;
    int error = begin(path);
    if (error) {
        enter(IDLE, 0);
        return error;
    }
    lock_take(&trace_lock);
    if (!await_other(STARTING, START_MS)) {
        is_given_up = true;
        atomic_store(&is_stopping, true);
        error = -ETIMEDOUT;
    } else if (state == ENDED) {
        state = IDLE;
        error = end_error;
    }
    lock_leave(&trace_lock);
    host->log_deliver();
    return error;
}

int program_trace_stop(void)
{
    lock_take(&trace_lock);
    int error = state == RUNNING || state == ENDED ? 0 : -ENOENT;
    if (!error) {
        atomic_store(&is_stopping, true);
        is_given_up = !await_other(RUNNING, STOP_MS);
        error = is_given_up ? -ETIMEDOUT : end_error;
        state = is_given_up ? state : IDLE;
    }
    lock_leave(&trace_lock);
    host->log_deliver();
    return error;
}

int program_trace_dump(void)
{
    char pid[32], why[HELPER_WHY_BYTES];
    size_t head;
    const struct helper_command *symbolizer = services_symbolizer();
    struct bytes said CLEANUP(bytes_clear);
    bytes_init(&said, ANSWER_BYTES_MAX);
    if (!symbolizer)
        return -ENOENT;
    snprintf(pid, sizeof(pid), "--pid=%d", (int)getpid());
    const char *const argv[] = {symbolizer->argv[0], "trace", pid, "--dump", NULL};
    const struct helper_command command = {.argv = argv, .env = symbolizer->env};
    int error = helper_run(&command, "", 0, DUMP_NS, &said);
    if (error)
        return error;
    error = helper_answer(bytes_text(&said), &head, why);
    if (error && error != -ENOENT)
        host->log(LOG_WARN, "no dump: %s", why);
    return error;
}

void program_trace_after_fork_child(void)
{
    lock_renew(&trace_lock);
    pthread_cond_init(&changed, NULL);
    state = IDLE;
}
