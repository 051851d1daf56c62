/* restricted RESTRICTION...: takes things away from itself, executes itself with RESTRICTED_PRELOAD as
 * preload, and then does a little of everything: threads, CPU, memory, pipe, sleep. What it prints, and its
 * status, is the same for all who take nothing that it uses itself. limit:NAME=N        a resource limit
 *   refuse:CALL[,...]   a filter answers EPERM; `kill:` and it ends the process
 *   seal:CALL[,...]     as kill, but by itself, in the middle of its work; `strict`: SECCOMP_MODE_STRICT then
 *   chroot:FOLDER, user:UID */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STATUS 7
#define CALLS_MAX 64

static const struct {
    const char *name;
    unsigned number;
} calls[] = {
#define CALL(name)                                                                                           \
    {                                                                                                        \
#name, SYS_##name                                                                                    \
    }
    CALL(accept4),
    CALL(bind),
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(clone),
    CALL(clone3),
    CALL(close_range),
    CALL(dup),
    CALL(epoll_create1),
    CALL(eventfd2),
    CALL(fcntl),
    CALL(fork),
    CALL(getdents64),
    CALL(getpid),
    CALL(getrandom),
    CALL(gettid),
    CALL(kill),
    CALL(madvise),
    CALL(memfd_create),
    CALL(newfstatat),
    CALL(perf_event_open),
    CALL(pidfd_getfd),
    CALL(pidfd_open),
    CALL(pipe2),
    CALL(prctl),
    CALL(process_vm_readv),
    CALL(readlink),
    CALL(rt_sigpending),
    CALL(rt_tgsigqueueinfo),
    CALL(sched_yield),
    CALL(socket),
    CALL(socketpair),
    CALL(sysinfo),
    CALL(timer_create),
    CALL(timer_delete),
    CALL(timer_gettime),
    CALL(timer_settime),
    CALL(vfork),
    CALL(wait4),
    CALL(unlink),
    CALL(mkdir),
    CALL(access),
    CALL(uname),
#undef CALL
};

static const struct {
    const char *name;
    __rlimit_resource_t resource;
} limits[] = {{"as", RLIMIT_AS},           {"data", RLIMIT_DATA},   {"fsize", RLIMIT_FSIZE},
              {"nofile", RLIMIT_NOFILE},   {"nproc", RLIMIT_NPROC}, {"sigpending", RLIMIT_SIGPENDING},
              {"memlock", RLIMIT_MEMLOCK}, {"stack", RLIMIT_STACK}};

static void fail(const char *what)
{
    perror(what);
    _exit(3);
}

static unsigned number_of(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    }
    fail(name);
    return 0;
}

static void filter(char *names, unsigned action)
{
    struct sock_filter code[2 * CALLS_MAX + 2];
    unsigned short used = 0;
    code[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ",")) {
        code[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(name), 0, 1);
        code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
    }
    code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = used, .filter = code};
    bool is_by_call = getenv("RESTRICTED_BY_CALL") != NULL;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        (is_by_call ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)
                    : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) != 0)
        fail("seccomp");
}

static void limit(char *text)
{
    char *value = strchr(text, '=');
    *value++ = '\0';
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct rlimit both = {strtoul(value, NULL, 10), strtoul(value, NULL, 10)};
        if (strcmp(limits[i].name, text) == 0 && setrlimit(limits[i].resource, &both) != 0)
            fail(text);
    }
}

static void restrict_to(char *restriction)
{
    char *what = strchr(restriction, ':') + 1;
    if (strncmp(restriction, "limit:", 6) == 0)
        limit(what);
    else if (strncmp(restriction, "refuse:", 7) == 0)
        filter(what, SECCOMP_RET_ERRNO | EPERM);
    else if (strncmp(restriction, "kill:", 5) == 0)
        filter(what, SECCOMP_RET_KILL_PROCESS);
    else if (strncmp(restriction, "user:", 5) == 0 && setuid((uid_t)atoi(what)) != 0)
        fail(what);
    else if (strncmp(restriction, "chroot:", 7) == 0 && (chroot(what) != 0 || chdir("/") != 0))
        fail(what);
}

static volatile unsigned long turns;

static void burn(long ms)
{
    for (clock_t end = clock() + ms * (CLOCKS_PER_SEC / 1000); clock() < end;) {
        for (int i = 0; i < 10000; i++)
            turns++;
    }
}

static void *work(void *argument)
{
    void *blocks[200];
    for (int i = 0; i < 200; i++)
        blocks[i] = malloc(1000);
    burn(20);
    for (int i = 0; i < 200; i++)
        free(blocks[i]);
    return argument;
}

static void say(const char *what, int result)
{
    char line[128];
    int size = snprintf(line, sizeof line, "%s: %d\n", what, result);
    if (write(1, line, (size_t)size) != size)
        _exit(4);
}

static void move_and_sleep(void)
{
    char data[100] = "";
    int ends[2], status = pipe(ends);
    say("pipe", status);
    if (status == 0) {
        say("write", (int)write(ends[1], data, sizeof data));
        say("read", (int)read(ends[0], data, sizeof data));
        close(ends[0]);
        close(ends[1]);
    }
    say("nanosleep", nanosleep(&(const struct timespec){.tv_nsec = 20000000}, NULL));
}

static void work_all(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, work, NULL);
    say("thread", error);
    work(NULL);
    if (!error)
        say("join", pthread_join(thread, NULL));
    move_and_sleep();
}

/* In the middle of everything, as sandboxes do. */
static void seal(const char *how)
{
    char names[1024];
    if (how[0] != '\0' && strcmp(how, "strict") != 0) {
        snprintf(names, sizeof names, "%s", how);
        filter(names, SECCOMP_RET_KILL_PROCESS);
        work_all();
    } else if (how[0] != '\0') {
        say("strict", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
        for (int i = 0; i < 100; i++)
            say("write", i);
        syscall(SYS_exit, STATUS);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "work") == 0) {
        work_all();
        seal(argc > 2 ? argv[2] : "");
        return STATUS;
    }
    char *seals = "";
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "seal:", 5) == 0)
            seals = argv[i] + 5;
        else
            restrict_to(argv[i]);
    }
    const char *preload = getenv("RESTRICTED_PRELOAD"), *itself = getenv("RESTRICTED_SELF");
    if (itself == NULL)
        return 2;
    if (preload != NULL)
        setenv("LD_PRELOAD", preload, 1);
    execl(itself, "restricted", "work", seals, (char *)NULL);
    fail("exec");
}
