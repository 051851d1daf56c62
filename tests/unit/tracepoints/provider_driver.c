/* A host of the LTTng provider, as small as one can be: it sends known events and obeys one-word commands on
 * stdin.
 *
 * Usage: provider_driver PROVIDER.so COMMAND...   Each COMMAND is done in turn:
 *   await         wait (10 s at most) for the next session_started
 *   events        send every event of the sink once, with the values that test_provider.py knows
 *   thread        send events from a second thread
 *   signal        send a sample from a signal handler of a thread that only ran thread_init
 *   fork          fork by the sink's rules; the child sends thread_name "child", the parent thread_name
 * "parent" flood=N       send N samples enabled       print "enabled 0" or "enabled 1" disabled      fail if
 * an event is enabled gate          print "gate" and wait for a line (or the end) of stdin exit=N leave with
 * status N */
#include "base/sink.h"
#include "base/wait.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct sink *_Atomic sink_in_use;
static pthread_mutex_t started_lock = PTHREAD_MUTEX_INITIALIZER; /* protects the two counters */
static pthread_cond_t started_cond;
static unsigned started_count;
static unsigned awaited_count;

static void fail(const char *what)
{
    fprintf(stderr, "provider_driver: %s: %s\n", what, strerror(errno));
    exit(99);
}

static void session_started(void)
{
    const struct sink *sink = atomic_load_explicit(&sink_in_use, memory_order_acquire);
    if (sink)
        sink->process(getpid(), getppid(), 11, 22, 33, "/driver", "again");
    pthread_mutex_lock(&started_lock);
    started_count++;
    pthread_cond_broadcast(&started_cond);
    pthread_mutex_unlock(&started_lock);
}

static const struct sink_host host = {.session_started = session_started};

static void await_session(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 10;
    int status = 0;
    pthread_mutex_lock(&started_lock);
    while (started_count == awaited_count && status == 0)
        status = pthread_cond_timedwait(&started_cond, &started_lock, &until);
    awaited_count++;
    pthread_mutex_unlock(&started_lock);
    printf("%s\n", status ? "timeout" : "started");
}

static void send_events(const struct sink *sink)
{
    static const uint8_t build_id[4] = {0xde, 0xad, 0xbe, 0xef};
    static const uint64_t pcs[3] = {0x401000, 0x7f0000000001, UINT64_MAX};
    errno = 4321;
    sink->process(getpid(), getppid(), 1000, 2000, 3000, "/usr/bin/driver", "driver --flag value");
    sink->module(0x400000, 8192, 4096, "/usr/bin/driver", build_id, sizeof(build_id));
    sink->module(0x500000, 4096, 0, "[vdso]", NULL, 0);
    sink->stack(7, pcs, 3);
    sink->thread_create(0x7f00, 0x401100, 11, 7);
    sink->thread_start(0x7f00, 77, 0x401100, "worker one");
    sink->thread_name(78, "renamed");
    sink->thread_detach(0x7f00);
    sink->thread_status(79, 0x7f01, -1, 0, 0, 0, "idle");
    sink->thread_status(80, 0x7f02, WAIT_MUTEX, 0x602000, 123456789, 7, "waiter");
    sink->block(WAIT_MUTEX, 0x602000, -1, 7);
    sink->wake(WAIT_MUTEX, 0x602000, 3, 8);
    sink->unblock(WAIT_MUTEX, 0x602000, 0, 5000000000, 7);
    sink->block(WAIT_FLOCK, 5, 250000000, 9);
    sink->unblock(WAIT_NET_READ, UINT64_MAX, -1, 1, 10);
    sink->syscall(202, -110, 20001, 11);
    sink->sample(10000000, 12);
    sink->task_begin(5, 4, "job", 13);
    sink->region_begin(5, "parse", 14);
    sink->user_log(5, "request", "GET /", 15);
    sink->region_end(5, "parse");
    sink->task_end(5);
    sink->counter("queue", 2.5);
    sink->loss(1, 2, 3);
    sink->thread_exit(0x7f00);
    if (errno != 4321)
        fail("the sink changed errno");
}

static void *second_thread(void *data)
{
    const struct sink *sink = data;
    sink->thread_init();
    sink->thread_start(0xbeef, (int32_t)getpid(), 0x1, "second");
    return NULL;
}

static void sample_in_handler(int number)
{
    const struct sink *sink = atomic_load_explicit(&sink_in_use, memory_order_acquire);
    sink->sample(number, 4242);
}

static void *signalled_thread(void *data)
{
    const struct sink *sink = data;
    sink->thread_init();
    pthread_kill(pthread_self(), SIGUSR1); /* delivered before pthread_kill returns: it is the own thread */
    return NULL;
}

static void run_thread(void *(*body)(void *), const struct sink *sink)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, body, (void *)sink);
    if (errno)
        fail("pthread_create");
    pthread_join(thread, NULL);
}

static void run_fork(const struct sink *sink)
{
    char state[SINK_FORK_STATE];
    fflush(stdout);
    sink->before_fork(state);
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        sink->after_fork_child(state);
        sink->thread_name(getpid(), "child");
        exit(0);
    }
    sink->after_fork_parent(state);
    sink->thread_name(child, "parent");
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        fail("the child did not end well");
}

static void gate(void)
{
    char line[64];
    printf("gate\n");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        printf("end\n");
}

static void do_command(const struct sink *sink, const char *command)
{
    if (strcmp(command, "await") == 0)
        await_session();
    else if (strcmp(command, "events") == 0)
        send_events(sink);
    else if (strcmp(command, "thread") == 0)
        run_thread(second_thread, sink);
    else if (strcmp(command, "signal") == 0)
        run_thread(signalled_thread, sink);
    else if (strcmp(command, "fork") == 0)
        run_fork(sink);
    else if (strcmp(command, "enabled") == 0)
        printf("enabled %d\n", sink->is_enabled());
    else if (strcmp(command, "disabled") == 0 && !sink->is_enabled())
        return;
    else if (strcmp(command, "gate") == 0)
        gate();
    else if (strncmp(command, "flood=", 6) == 0)
        for (long i = atol(command + 6); i > 0; i--)
            sink->sample(i, 1);
    else if (strncmp(command, "exit=", 5) == 0)
        exit(atoi(command + 5));
    else {
        errno = EINVAL;
        fail(command);
    }
}

static void init_host(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&started_cond, &attributes);
    struct sigaction action = {.sa_handler = sample_in_handler};
    sigaction(SIGUSR1, &action, NULL);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: provider_driver PROVIDER.so COMMAND...\n");
        return 2;
    }
    init_host();
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        fprintf(stderr, "provider_driver: %s\n", dlerror());
        return 99;
    }
    sink_entry_fn entry = (sink_entry_fn)dlsym(library, SINK_ENTRY);
    const struct sink *sink = entry ? entry(&host) : NULL;
    if (!sink || sink->version != SINK_VERSION)
        fail("no usable sink");
    if (entry(&host))
        fail("a second host was served");
    atomic_store_explicit(&sink_in_use, sink, memory_order_release);
    sink->thread_init();
    for (int i = 2; i < argc; i++)
        do_command(sink, argv[i]);
    return 0;
}
