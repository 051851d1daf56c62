/* Every interposed wait for a signal, a System V message or semaphore, asynchronous I/O or a terminal; and
 * calls that a file system would undo. */
#include "places.h"
#include "storm.h"
#include "transcript.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static sigset_t usr2; /* blocked in every thread */

static long call_pause(int where)
{
    (void)where;
    return pause();
}

static long call_sigsuspend(int where)
{
    (void)where;
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    return sigsuspend(&mask);
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* programs of their time call these */

int __sigpause(int number_or_mask, int is_number);

static long call_sigpause(int where)
{
    (void)where;
    return __sigpause(SIGHUP, 1);
}

int xpg_sigpause(int number) __asm__("__xpg_sigpause");

static long call_xpg_sigpause(int where)
{
    (void)where;
    return xpg_sigpause(SIGHUP);
}

/* For the waits below a place is a number of milliseconds; 1: SIGUSR2 is there, 0: a time-out at once. */
static int place_pending(void)
{
    return 1;
}

static int place_long(void)
{
    return 30000;
}

static int place_at_once(void)
{
    return 0;
}

static long call_sigwaitinfo(int ms)
{
    siginfo_t info;
    if (ms == 1) {
        raise(SIGUSR2);
    }
    return sigwaitinfo(&usr2, &info);
}

static long call_sigtimedwait(int ms)
{
    siginfo_t info;
    if (ms == 1) {
        raise(SIGUSR2);
    }
    const struct timespec timeout = {ms / 1000, 0};
    return sigtimedwait(&usr2, &info, &timeout);
}

static int queue = -1, set = -1;

static void release_ipc(void)
{
    if (queue >= 0) {
        msgctl(queue, IPC_RMID, NULL);
    }
    if (set >= 0) {
        semctl(set, 0, IPC_RMID);
    }
    queue = set = -1;
}

static struct msgbuf *message(void)
{
    static char room[sizeof(long) + 1024] = {1};
    return (struct msgbuf *)room;
}

static int place_empty_queue(void)
{
    return queue = msgget(IPC_PRIVATE, 0600);
}

static int place_queue(void)
{
    place_empty_queue();
    syscall(SYS_msgsnd, queue, message(), 4, 0);
    return queue;
}

static int place_full_queue(void)
{
    place_empty_queue();
    while (syscall(SYS_msgsnd, queue, message(), 1024, IPC_NOWAIT) == 0) {
    }
    return queue;
}

static int place_no_queue(void)
{
    int gone = msgget(IPC_PRIVATE, 0600);
    msgctl(gone, IPC_RMID, NULL);
    return gone;
}

static long call_msgsnd(int where)
{
    return msgsnd(where, message(), 512, 0);
}

static long call_msgrcv(int where)
{
    return msgrcv(where, message(), 1024, 0, 0);
}

static int place_set(int value)
{
    set = semget(IPC_PRIVATE, 1, 0600);
    semctl(set, 0, SETVAL, value);
    return set;
}

static int place_free_set(void)
{
    return place_set(1);
}

static int place_taken_set(void)
{
    return place_set(0);
}

static struct sembuf take = {0, -1, 0};

static long call_semop(int where)
{
    return semop(where, &take, 1);
}

static long call_semtimedop(int where)
{
    const struct timespec timeout = {30, 0};
    return semtimedop(where, &take, 1, &timeout);
}

static long call_semtimedop_briefly(int where)
{
    const struct timespec timeout = {0, 1000000};
    return semtimedop(where, &take, 1, &timeout);
}

static int place_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    return master;
}

static long call_tcdrain(int where)
{
    return tcdrain(where);
}

static struct aiocb *request; /* none is used twice: those that wait for ever stay in libc's list */
static char bytes[16];

static int place_request(int fd)
{
    static struct aiocb requests[8];
    request = request == NULL ? requests : request + 1;
    request->aio_fildes = fd;
    request->aio_buf = bytes;
    request->aio_nbytes = 1;
    request->aio_sigevent.sigev_notify = SIGEV_NONE;
    aio_read(request);
    return fd;
}

static int place_request_done(void)
{
    int fd = place_request(place_ready_pipe());
    while (aio_error(request) == EINPROGRESS) {
        blocked_nap();
    }
    return fd;
}

static long call_aio_suspend(int where)
{
    (void)where;
    const struct aiocb *const list[] = {request};
    return aio_suspend(list, 1, NULL);
}

static long call_aio_suspend64(int where)
{
    (void)where;
    const struct aiocb64 *const list[] = {(const struct aiocb64 *)request};
    const struct timespec timeout = {30, 0};
    return aio_suspend64(list, 1, &timeout);
}

/* Eight requests that end after a while; all must have. */
static void waiting_for_a_list(int (*listio)(int, struct aiocb *const[], int, struct sigevent *),
                               const char *name)
{
    static struct aiocb requests[8];
    struct aiocb *list[8];
    int fd = place_file();
    for (int i = 0; i < 8; i++) {
        memset(&requests[i], 0, sizeof requests[i]);
        requests[i].aio_fildes = fd;
        requests[i].aio_buf = bytes;
        requests[i].aio_nbytes = sizeof bytes;
        requests[i].aio_offset = 16 * i;
        requests[i].aio_lio_opcode = LIO_WRITE;
        list[i] = &requests[i];
    }
    TRANSCRIPT_CALL(name, "to the end", listio(LIO_WAIT, list, 8, NULL));
    int done = 0;
    for (int i = 0; i < 8; i++) {
        done += aio_error(&requests[i]) == 0 && aio_return(&requests[i]) == sizeof bytes;
    }
    transcript_line("requests done: %d", done);
    TRANSCRIPT_CALL(name, "with a wrong mode", listio(77, list, 8, NULL));
    places_release();
}

static int listio64(int mode, struct aiocb *const list[], int count, struct sigevent *event)
{
    return lio_listio64(mode, (struct aiocb64 *const *)list, count, event);
}

/* A file in memory gives its pages back when a signal ends the call. */
static void allocating(void)
{
    const off_t size = (off_t)64 << 20;
    struct stat status;
    int fd = memfd_create("allocating", MFD_CLOEXEC);
    TRANSCRIPT_CALL("fallocate", "in memory", fallocate(fd, 0, 0, size));
    fstat(fd, &status);
    transcript_line("blocks: %s", status.st_blocks * 512 == size ? "all" : "some");
    TRANSCRIPT_CALL("fallocate64", "more", fallocate64(fd, 0, size, 1));
    ftruncate(fd, 0);
    transcript_line("posix_fallocate = %d", posix_fallocate(fd, 0, size));
    fstat(fd, &status);
    transcript_line("blocks: %s", status.st_blocks * 512 == size ? "all" : "some");
    transcript_line("posix_fallocate64 = %d", posix_fallocate64(fd, size, 1));
    transcript_line("posix_fallocate of nothing = %d", posix_fallocate(fd, 0, 0));
    TRANSCRIPT_CALL("fallocate", "of nothing", fallocate(fd, 0, 0, 0));
    close(fd);
}

#define BOTH (CALL_IS_INTERRUPTED | CALL_IS_CANCELLED)

static const struct call_row rows[] = {
    {"pause", call_pause, NULL, NULL, place_long, NULL, BOTH},
    {"sigsuspend", call_sigsuspend, NULL, NULL, place_long, NULL, BOTH},
    {"__sigpause", call_sigpause, NULL, NULL, place_long, NULL, BOTH},
    {"__xpg_sigpause", call_xpg_sigpause, NULL, NULL, place_long, NULL, BOTH},
    {"sigwaitinfo", call_sigwaitinfo, place_pending, NULL, place_long, NULL, BOTH},
    {"sigtimedwait", call_sigtimedwait, place_pending, place_at_once, place_long, NULL, BOTH},
    {"msgsnd", call_msgsnd, place_empty_queue, place_no_queue, place_full_queue, release_ipc, BOTH},
    {"msgrcv", call_msgrcv, place_queue, place_no_queue, place_empty_queue, release_ipc, BOTH},
    {"semop", call_semop, place_free_set, place_closed, place_taken_set, release_ipc, CALL_IS_INTERRUPTED},
    {"semtimedop", call_semtimedop, place_free_set, place_closed, place_taken_set, release_ipc,
     CALL_IS_INTERRUPTED},
    {"semtimedop", call_semtimedop_briefly, NULL, place_taken_set, NULL, release_ipc, 0},
    {"tcdrain", call_tcdrain, place_terminal, place_closed, NULL, NULL, 0},
};

static int place_request_empty(void)
{
    return place_request(place_empty_pipe());
}

static const struct call_row aio_rows[] = {
    {"aio_suspend", call_aio_suspend, place_request_done, NULL, place_request_empty, NULL,
     CALL_IS_INTERRUPTED},
    {"aio_suspend64", call_aio_suspend64, place_request_done, NULL, place_request_empty, NULL,
     CALL_IS_INTERRUPTED},
};

int main(void)
{
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    sigprocmask(SIG_BLOCK, &usr2, NULL);
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    transcript_rows(aio_rows, ARRAY_SIZE(aio_rows));
    waiting_for_a_list(lio_listio, "lio_listio");
    waiting_for_a_list(listio64, "lio_listio64");
    allocating();
    return 0;
}
