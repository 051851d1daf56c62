/* Recording a process that runs already: it is asked to load its tracer, then a session records it alone. */
#include "base/clock.h"
#include "viewer/cli/ask.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Has it loaded its tracer? Its pid, or 0 after one line. In a container it may call itself otherwise: then
 * the pid by which we know it is the right one. */
static pid_t make_ready(const struct endpoint *endpoint)
{
    struct bytes body CLEANUP(bytes_clear);
    bytes_init(&body, ASK_MAX_BYTES);
    if (ask(endpoint, "/debug/preflame/tracer", "trace", 0, &body) != EXIT_DONE)
        return 0;
    pid_t own = (pid_t)strtol(bytes_text(&body), NULL, 10);
    if (endpoint->pid || own > 0)
        return own > 0 ? own : endpoint->pid;
    fprintf(stderr, "preflame: what '%s' answers is no process; is it another version?\n", endpoint->name);
    return 0;
}

static void block_signals(sigset_t *ret_waited)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR2};
    sigemptyset(ret_waited);
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
        sigaddset(ret_waited, ending[i]);
    sigprocmask(SIG_BLOCK, ret_waited, NULL); /* from here on we leave nothing behind */
}

/* Also when its parent hasn't asked for its exit status yet, where the kernel can tell. */
static bool has_ended(pid_t pid, int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    return (kill(pid, 0) && errno == ESRCH) || (pidfd >= 0 && poll(&end, 1, 0) == 1);
}

/* Until the time is over, a signal comes, or the process has ended. */
static void wait_for_end(pid_t pid, struct recording *recording, int seconds, const sigset_t *waited)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    int64_t until_ns = seconds ? clock_mono_ns() + seconds * NS_PER_S : INT64_MAX;
    for (;;) {
        int64_t left_ns = until_ns - clock_mono_ns();
        if (left_ns <= 0 || has_ended(pid, pidfd))
            break;
        int64_t pause_ns = left_ns < NS_PER_S / 4 ? left_ns : NS_PER_S / 4;
        int number = sigtimedwait(waited, NULL, &(struct timespec){.tv_nsec = pause_ns});
        if (number == SIGUSR2 && recording->kept.bytes)
            record_dump(recording);
        else if (number > 0)
            break;
    }
    if (pidfd >= 0)
        close(pidfd);
}

static int fail(const char *problem)
{
    fprintf(stderr, "preflame: %s\n", problem);
    return EXIT_FAILED;
}

static int record_process(pid_t pid, const struct record_plan *plan)
{
    char problem[256];
    struct recording recording;
    sigset_t waited;
    int status = recording_prepare(&recording, plan->directory);
    if (status) {
        snprintf(problem, sizeof(problem),
                 "cannot record into %.150s: %s; name a new or empty folder with -o",
                 plan->directory ? plan->directory : "the current folder", strerror(-status));
        return fail(problem);
    }
    recording.kept = plan->kept;
    recording.has_sched = plan->has_sched;
    block_signals(&waited);
    if (recording_start(&recording, pid, problem, sizeof(problem)))
        return fail(problem);
    record_progress(plan->seconds ? "recording" : "recording; end it with Ctrl-C");
    wait_for_end(pid, &recording, plan->seconds, &waited);
    record_finish(&recording);
    return EXIT_DONE;
}

int record_attach(const char *target, const struct record_plan *plan)
{
    struct endpoint endpoint;
    int status = ask_find(target, &endpoint);
    if (status != EXIT_DONE)
        return status;
    if (endpoint.is_file)
        return fail("a file can't be recorded; give a process, or a command behind --");
    pid_t pid = make_ready(&endpoint);
    return pid ? record_process(pid, plan) : EXIT_FAILED;
}
