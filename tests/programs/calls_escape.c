/* Blocked calls that a handler lets go on (SA_RESTART) or leaves by siglongjmp: nothing of ours may stay
 * behind. */
#include "places.h"
#include "transcript.h"

#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ESCAPES 8

static char buffer[64];
static sem_t semaphore;
static int pipe_ends[2];
static int socket_ends[2];

static _Thread_local sigjmp_buf way_out;
static _Thread_local atomic_int is_armed;

static void on_escape(int number)
{
    (void)number;
    if (atomic_exchange(&is_armed, 0) != 0) {
        siglongjmp(way_out, 1);
    }
}

static void on_restart(int number)
{
    (void)number;
}

static long call_read(int where)
{
    (void)where;
    return read(pipe_ends[0], buffer, 4);
}

static long call_recv(int where)
{
    (void)where;
    return recv(socket_ends[0], buffer, 4, 0);
}

static long call_sem_wait(int where)
{
    (void)where;
    return sem_wait(&semaphore);
}

static long call_poll(int where)
{
    (void)where;
    struct pollfd item = {pipe_ends[0], POLLIN, 0};
    return poll(&item, 1, 30000);
}

static long call_nanosleep(int where)
{
    (void)where;
    return nanosleep(&(struct timespec){30, 0}, NULL);
}

static long call_pause_in_wait(int where)
{
    (void)where;
    struct pollfd item = {socket_ends[0], POLLIN, 0};
    return ppoll(&item, 1, NULL, NULL);
}

static void feed(void)
{
    syscall(SYS_write, pipe_ends[1], "four", 4);
    syscall(SYS_write, socket_ends[1], "four", 4);
    sem_post(&semaphore);
}

static void drain(void)
{
    const struct timespec at_once = {0, 0};
    struct pollfd items[2] = {{pipe_ends[0], POLLIN, 0}, {socket_ends[0], POLLIN, 0}};
    syscall(SYS_ppoll, items, 2, &at_once, NULL, sizeof(uint64_t));
    for (int i = 0; i < 2; i++) {
        if ((items[i].revents & POLLIN) != 0) {
            syscall(SYS_read, items[i].fd, buffer, 4);
        }
    }
    while (sem_trywait(&semaphore) == 0) {
    }
}

static const struct {
    const char *name;
    call_fn call;
    bool restarts; /* what the kernel restarts after a handler with SA_RESTART */
} calls[] = {
    {"read", call_read, true},
    {"recv", call_recv, true},
    {"sem_wait", call_sem_wait, true},
    {"poll", call_poll, false},
    {"nanosleep", call_nanosleep, false},
    {"ppoll", call_pause_in_wait, false},
};

static void restarted(size_t i)
{
    struct blocked_thread b = {.call = calls[i].call, .signal = SIGUSR2};
    blocked_start(&b);
    if (!calls[i].restarts) {
        blocked_interrupt(&b);
    } else {
        for (int round = 0; round < 3 && blocked_until_asleep(&b); round++) {
            pthread_kill(b.thread, SIGUSR2);
            blocked_nap();
        }
        transcript_line("%s went on after a handler with SA_RESTART: %s", calls[i].name,
                        b.is_done ? "no" : "yes");
        feed();
        blocked_join(&b);
    }
    transcript_result(calls[i].name, "with SA_RESTART", b.result, b.error);
    drain();
}

/* where: the index of the call; 1000 when it was left by the jump. */
static long call_and_escape(int where)
{
    if (sigsetjmp(way_out, 1) != 0) {
        return 1000;
    }
    atomic_store(&is_armed, 1);
    long result = calls[where].call(0);
    atomic_store(&is_armed, 0);
    return result;
}

static long escape_often(int where)
{
    long escapes = 0;
    for (int i = 0; i < ESCAPES; i++) {
        escapes += call_and_escape(where) == 1000;
    }
    /* The thread works as before: a call that succeeds and one that fails. */
    char byte;
    if (write(pipe_ends[1], "x", 1) != 1 || read(pipe_ends[0], &byte, 1) != 1 || read(-1, &byte, 1) != -1) {
        return -2;
    }
    return escapes;
}

static void escaped(size_t i)
{
    struct blocked_thread b = {.call = escape_often, .where = (int)i, .signal = SIGRTMIN + 1};
    blocked_start(&b);
    blocked_interrupt(&b);
    transcript_line("%s left by siglongjmp %ld times of %d, errno %s", calls[i].name, b.result, ESCAPES,
                    strerrorname_np(b.error));
    drain();
}

int main(void)
{
    transcript_begin();
    sem_init(&semaphore, 0, 0);
    if (pipe(pipe_ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, socket_ends) != 0) {
        return 1;
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_restart;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR2, &action, NULL);
    action.sa_handler = on_escape;
    sigaction(SIGRTMIN + 1, &action, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        restarted(i);
    }
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        escaped(i);
    }
    return 0;
}
