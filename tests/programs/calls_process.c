/* Every interposed way to make, replace and end a process; exec_target lies beside this program. */
#include "transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef OLD_SPAWN
__asm__(".symver posix_spawn,posix_spawn@GLIBC_2.2.5");
__asm__(".symver posix_spawnp,posix_spawnp@GLIBC_2.2.5");
#endif

static char target[PATH_MAX];
static char *const arguments[] = {(char[]){"exec_target"}, (char[]){"one"}, (char[]){"two"}, NULL};
static char *const environment[] = {(char[]){"EXEC_TARGET=given"}, NULL};

static void report(const char *name, pid_t pid)
{
    int status = 0;
    if (pid == -1) {
        transcript_result(name, "itself", -1, errno);
        return;
    }
    while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        transcript_line("%s: ended by signal %d", name, WTERMSIG(status));
    } else {
        transcript_line("%s: ended with status %d", name, WEXITSTATUS(status));
    }
}

/* The ways to exec; each returns -1 when it fails. */
static int way_execve(const char *path)
{
    return execve(path, arguments, environment);
}

static int way_execv(const char *path)
{
    return execv(path, arguments);
}

static int way_execvp(const char *path)
{
    return execvp(path, arguments);
}

static int way_execvpe(const char *path)
{
    return execvpe(path, arguments, environment);
}

static int way_execl(const char *path)
{
    return execl(path, "exec_target", "one", "two", (char *)NULL);
}

static int way_execlp(const char *path)
{
    return execlp(path, "exec_target", "one", "two", (char *)NULL);
}

static int way_execle(const char *path)
{
    return execle(path, "exec_target", "one", "two", (char *)NULL, environment);
}

static int way_fexecve(const char *path)
{
    return fexecve(open(path, O_RDONLY | O_CLOEXEC), arguments, environment);
}

static int way_execveat(const char *path)
{
    return execveat(AT_FDCWD, path, arguments, environment, 0);
}

static const struct {
    const char *name;
    int (*way)(const char *path);
} ways[] = {
    {"execve", way_execve},   {"execv", way_execv},     {"execvp", way_execvp},
    {"execvpe", way_execvpe}, {"execl", way_execl},     {"execlp", way_execlp},
    {"execle", way_execle},   {"fexecve", way_fexecve}, {"execveat", way_execveat},
};

static void replacing(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        TRANSCRIPT_CALL(ways[i].name, "of nothing", ways[i].way("/nowhere/at-all"));
        pid_t pid = fork();
        if (pid == 0) {
            ways[i].way(target);
            _exit(99);
        }
        report(ways[i].name, pid);
    }
    pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the call under test */
    if (pid == 0) {
        execve(target, arguments, environment);
        _exit(99);
    }
    report("vfork and execve", pid);
    pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the call under test */
    if (pid == 0) {
        execve("/nowhere/at-all", arguments, environment);
        _exit(98);
    }
    report("vfork and an execve that fails", pid);
}

/* A script without "#!": the two versions of posix_spawn differ in what they make of it. */
static void spawn_bare_script(void)
{
    char path[] = "/tmp/preflame-script-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0 || write(fd, "exit 12\n", 8) != 8 || fchmod(fd, 0700) != 0 || close(fd) != 0) {
        transcript_line("cannot make a script");
        return;
    }
    pid_t pid = -1;
    int error = posix_spawn(&pid, path, NULL, NULL, arguments, environment);
    transcript_line("posix_spawn of a bare script = %s", error == 0 ? "0" : strerrorname_np(error));
    if (error == 0) {
        report("the bare script", pid);
    }
    error = posix_spawnp(&pid, path, NULL, NULL, arguments, environment);
    transcript_line("posix_spawnp of a bare script = %s", error == 0 ? "0" : strerrorname_np(error));
    if (error == 0) {
        report("the bare script", pid);
    }
    unlink(path);
}

static void spawning(void)
{
    pid_t pid = -1;
    int error = posix_spawn(&pid, target, NULL, NULL, arguments, environment);
    report("posix_spawn", pid);
    transcript_line("posix_spawn = %d", error); /* afterwards: the child prints too */
    error = posix_spawn(&pid, "/nowhere/at-all", NULL, NULL, arguments, environment);
    transcript_line("posix_spawn of nothing = %s", strerrorname_np(error));
    error = posix_spawnp(&pid, "true", NULL, NULL, arguments, environment);
    report("posix_spawnp", pid);
    transcript_line("posix_spawnp = %d", error);
    error = posix_spawnp(&pid, "no-such-command-anywhere", NULL, NULL, arguments, environment);
    transcript_line("posix_spawnp of nothing = %s", strerrorname_np(error));
    spawn_bare_script();
    /* NOLINTNEXTLINE(cert-env33-c): the call under test */
    transcript_line("system(true) = %d", system("true"));
    transcript_line("no child is left: %s", waitpid(-1, NULL, 0) == -1 && errno == ECHILD ? "yes" : "no");
}

static void on_exit_line(void)
{
    transcript_line("  atexit handler ran");
}

static void on_quick_exit_line(void)
{
    transcript_line("  at_quick_exit handler ran");
}

static _Noreturn void end_by(int way)
{
    atexit(on_exit_line);
    (void)at_quick_exit(on_quick_exit_line);
    switch (way) {
    case 0:
        exit(31);
    case 1:
        _exit(32);
    case 2:
        _Exit(33);
    case 3:
        quick_exit(34);
    case 4:
        pthread_exit(NULL);
    default:
        abort();
    }
}

static void ending(void)
{
    static const char *const names[] = {"exit", "_exit", "_Exit", "quick_exit", "pthread_exit", "abort"};
    for (int way = 0; way < (int)ARRAY_SIZE(names); way++) {
        pid_t pid = way % 2 == 0 ? fork() : _Fork();
        if (pid == 0) {
            end_by(way);
        }
        report(names[way], pid);
    }
    pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the call under test */
    if (pid == 0) {
        _exit(35);
    }
    report("vfork and _exit", pid);
}

static int handlers;

static void on_fork(void)
{
    handlers++;
}

static void forking(void)
{
    pthread_atfork(on_fork, on_fork, on_fork);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(handlers == 2 && getppid() != 0 ? 41 : 42);
    }
    report("fork", pid);
    transcript_line("atfork handlers in the parent: %d", handlers);
    pid = _Fork();
    if (pid == 0) {
        _exit(handlers == 2 ? 43 : 44);
    }
    report("_Fork", pid);
}

/* prctl takes as many arguments as its option wants. */
static void controlling(void)
{
    char name[16] = "";
    int signal_number = -1;
    transcript_result("prctl", "name", prctl(PR_SET_NAME, "renamed"), errno);
    prctl(PR_GET_NAME, name);
    transcript_line("it is called %s", name);
    transcript_result("prctl", "death", prctl(PR_SET_PDEATHSIG, SIGUSR1), errno);
    prctl(PR_GET_PDEATHSIG, &signal_number);
    transcript_line("it would get signal %d", signal_number);
    int result = prctl(-1, 0, 0, 0, 0);
    transcript_result("prctl", "nothing", result, errno);
    result = prctl(PR_SET_SECCOMP, 2, NULL);
    transcript_result("prctl", "no filter", result, errno);
    transcript_result("prctl", "seccomp", prctl(PR_GET_SECCOMP), errno);
}

int main(int argc, char **argv)
{
    (void)argc;
    transcript_begin();
    ssize_t len = readlink("/proc/self/exe", target, sizeof target - 16);
    if (len < 0) {
        return 1;
    }
    target[len] = '\0';
    memmove(target, dirname(target), strlen(target) + 1);
    strncat(target, "/exec_target", sizeof target - strlen(target) - 1);
    (void)argv;
    forking();
    replacing();
    spawning();
    ending();
    controlling();
    return 0;
}
