/* The LTTng session daemon: found by asking, started as our child, ended by pid. */
#include "viewer/session/daemon.h"

#include "base/clock.h"
#include "viewer/session/guard.h"
#include "viewer/session/remove_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <lttng/lttng.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROBE_MS 1000      /* a daemon that is well answers in a millisecond */
#define START_MS 3000      /* 40-70 ms are usual */
#define END_MS 3000        /* then it gets SIGKILL */
#define POLL_MS 10         /* between two looks at a daemon that is starting */
#define EXIT_NOT_FOUND 127 /* our child's status when there is no such program */
#define DAEMON_PROGRAM "lttng-sessiond"

/* 1: a daemon answered; 0: there is none. Asking for the list has no effect on a daemon that is stopped now
 * and reads the request when it wakes up later. */
static int probe(void *unused)
{
    (void)unused;
    if (lttng_session_daemon_alive() != 1)
        return 0;
    struct lttng_session *sessions = NULL;
    int count = lttng_list_sessions(&sessions);
    free(sessions);
    return count >= 0;
}

bool session_daemon_answers(void)
{
    return guard_call(probe, NULL, PROBE_MS) == 1;
}

static bool is_root(void)
{
    return geteuid() == 0;
}

static int make_home(struct session_daemon *daemon, char *problem, size_t problem_size)
{
    /* Short, because socket paths below it must fit in sun_path. */
    snprintf(daemon->home, sizeof(daemon->home), "/tmp/preflame-XXXXXX");
    if (!mkdtemp(daemon->home)) {
        int status = -errno;
        daemon->home[0] = '\0';
        snprintf(problem, problem_size, "no folder for a private lttng-sessiond in /tmp: %s",
                 strerror(-status));
        return status;
    }
    return setenv("LTTNG_HOME", daemon->home, 1) ? -errno : 0;
}

static void remove_home(struct session_daemon *daemon)
{
    if (daemon->home[0] == '\0')
        return;
    remove_tree(daemon->home);
    unsetenv("LTTNG_HOME");
    daemon->home[0] = '\0';
}

static void exec_daemon(int log_fd)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid(); /* a Ctrl-C meant for the command must not end the daemon before the trace is complete */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int null_fd = open("/dev/null", O_RDONLY);
    dup2(null_fd, 0);
    dup2(log_fd, 1);
    dup2(log_fd, 2);
    execlp(DAEMON_PROGRAM, DAEMON_PROGRAM, "--no-kernel", (char *)NULL);
    _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_FOUND - 1);
}

/* The daemon's own first complaint, "" when it made none. */
static void read_complaint(int log_fd, char *text, size_t size)
{
    char log[4096];
    ssize_t len = pread(log_fd, log, sizeof(log) - 1, 0);
    log[len > 0 ? len : 0] = '\0';
    const char *start = strstr(log, "Error: ");
    start = start ? start + strlen("Error: ") : "";
    snprintf(text, size, "%.*s", (int)strcspn(start, "\n"), start);
}

static void explain_end(int wait_status, int log_fd, char *problem, size_t problem_size)
{
    char complaint[160];
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == EXIT_NOT_FOUND) {
        snprintf(problem, problem_size, "%s is not installed (Debian: apt install lttng-tools)",
                 DAEMON_PROGRAM);
        return;
    }
    read_complaint(log_fd, complaint, sizeof(complaint));
    snprintf(problem, problem_size, "%s does not start%s%s", DAEMON_PROGRAM, complaint[0] ? ": " : "",
             complaint[0] ? complaint : " (try it by hand to see why)");
}

/* Until the daemon answers, ends, or the time is up. */
static int await_daemon(struct session_daemon *daemon, int log_fd, char *problem, size_t problem_size)
{
    int64_t until_ns = clock_mono_ns() + START_MS * (NS_PER_S / 1000);
    do {
        int wait_status;
        if (waitpid(daemon->pid, &wait_status, WNOHANG) == daemon->pid) {
            daemon->pid = 0;
            explain_end(wait_status, log_fd, problem, problem_size);
            return -ECHILD;
        }
        if (session_daemon_answers())
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    } while (clock_mono_ns() < until_ns);
    snprintf(problem, problem_size, "%s was started but does not answer", DAEMON_PROGRAM);
    return -ETIMEDOUT;
}

static int start_daemon(struct session_daemon *daemon, bool is_private, char *problem, size_t problem_size)
{
    int status = is_root() || !is_private ? 0 : make_home(daemon, problem, problem_size);
    if (status < 0)
        return status;
    FILE *log = tmpfile();
    int log_fd = log ? fileno(log) : -1;
    daemon->pid = fork();
    if (daemon->pid == 0)
        exec_daemon(log_fd);
    if (daemon->pid < 0) {
        status = -errno;
        daemon->pid = 0;
        snprintf(problem, problem_size, "cannot start %s: %s", DAEMON_PROGRAM, strerror(-status));
    } else {
        status = await_daemon(daemon, log_fd, problem, problem_size);
    }
    if (log)
        fclose(log);
    if (status < 0)
        session_daemon_release(daemon);
    return status;
}

int session_daemon_acquire(struct session_daemon *daemon, bool is_private, char *problem, size_t problem_size)
{
    *daemon = (struct session_daemon){0};
    int answer = guard_call(probe, NULL, PROBE_MS);
    if (answer == 1)
        return 0;
    if (answer == -ETIMEDOUT) {
        snprintf(problem, problem_size, "the running %s does not answer (hung or stopped: restart it)",
                 DAEMON_PROGRAM);
        return answer;
    }
    return start_daemon(daemon, is_private, problem, problem_size);
}

void session_daemon_release(struct session_daemon *daemon)
{
    int wait_status;
    if (daemon->pid > 0) {
        kill(daemon->pid, SIGTERM);
        if (guard_wait_child(daemon->pid, END_MS, &wait_status) == -ETIMEDOUT) {
            kill(daemon->pid, SIGKILL);
            waitpid(daemon->pid, &wait_status, 0);
        }
        /* Its consumers live in the process group that it led; a daemon that ended well has ended them. */
        kill(-daemon->pid, SIGKILL);
        daemon->pid = 0;
    }
    remove_home(daemon);
}
