/* Transfers that last: whole although our signal comes, and ended as a bare program's are by a signal of the
 * program's own or by a time limit. */
#include "base/clock.h"
#include "places.h"
#include "storm.h"
#include "transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define SIZE ((size_t)1 << 20)
#define SLOW_STEP 16384

static char sent[SIZE], got[SIZE];
static struct iovec sent_parts[3], got_parts[3];
static int ends[2]; /* we use 0, the slow peer 1 */

static void fill(void)
{
    for (size_t i = 0; i < SIZE; i++) {
        sent[i] = (char)(i * 31 + i / 977);
    }
    memset(got, 0, SIZE);
    const size_t cuts[] = {0, 1000, 300000, SIZE};
    for (int i = 0; i < 3; i++) {
        sent_parts[i] = (struct iovec){sent + cuts[i], cuts[i + 1] - cuts[i]};
        got_parts[i] = (struct iovec){got + cuts[i], cuts[i + 1] - cuts[i]};
    }
}

/* The peer takes, or gives, a step at a time with naps between, by plain system calls. */
static void *take_slowly(void *arg)
{
    size_t done = 0;
    while (done < SIZE) {
        size_t step = SIZE - done < SLOW_STEP ? SIZE - done : SLOW_STEP;
        long more = syscall(SYS_read, ends[1], got + done, step);
        if (more <= 0) {
            break;
        }
        done += (size_t)more;
        blocked_nap();
    }
    return arg;
}

static void *give_slowly(void *arg)
{
    for (size_t done = 0; done < SIZE; done += SLOW_STEP) {
        syscall(SYS_sendto, ends[1], sent + done, SLOW_STEP, MSG_NOSIGNAL, NULL, 0);
        blocked_nap();
    }
    return arg;
}

static void open_ends(bool is_pipe)
{
    fill();
    int made = is_pipe ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    if (made != 0) {
        _exit(3);
    }
    if (is_pipe) {
        int reader = ends[0];
        ends[0] = ends[1];
        ends[1] = reader;
    }
}

static void close_ends(void)
{
    close(ends[0]);
    close(ends[1]);
}

typedef ssize_t (*transfer_fn)(int fd);

static void transfer(const char *name, bool is_pipe, transfer_fn call, void *(*peer)(void *))
{
    pthread_t thread;
    open_ends(is_pipe);
    pthread_create(&thread, NULL, peer, NULL);
    errno = ENOTBLK;
    ssize_t result = call(ends[0]);
    bool is_errno_kept = errno == ENOTBLK;
    close(ends[0]); /* else the peer would wait for what isn't to come */
    pthread_join(thread, NULL);
    close(ends[1]);
    transcript_line("%s to a %s = %zd of %zu, errno %s, bytes %s", name, is_pipe ? "pipe" : "socket", result,
                    SIZE, is_errno_kept ? "kept" : "changed",
                    memcmp(sent, got, SIZE) == 0 ? "equal" : "different");
}

static ssize_t by_write(int fd)
{
    return write(fd, sent, SIZE);
}

static ssize_t by_writev(int fd)
{
    return writev(fd, sent_parts, 3);
}

static ssize_t by_send(int fd)
{
    return send(fd, sent, SIZE, 0);
}

static ssize_t by_sendto(int fd)
{
    return sendto(fd, sent, SIZE, 0, NULL, 0);
}

static ssize_t by_sendmsg(int fd)
{
    struct msghdr message = {.msg_iov = sent_parts, .msg_iovlen = 3};
    return sendmsg(fd, &message, 0);
}

static ssize_t by_sendmmsg(int fd)
{
    struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = sent_parts, .msg_iovlen = 2}},
                                  {.msg_hdr = {.msg_iov = sent_parts + 2, .msg_iovlen = 1}}};
    int count = sendmmsg(fd, messages, 2, 0);
    transcript_line("sendmmsg = %d: %u and %u bytes", count, messages[0].msg_len, messages[1].msg_len);
    return (ssize_t)messages[0].msg_len + messages[1].msg_len;
}

static ssize_t by_sendfile(int fd)
{
    int file = memfd_create("sent", MFD_CLOEXEC);
    syscall(SYS_pwrite64, file, sent, SIZE, 0);
    off_t at = 0;
    ssize_t result = sendfile(fd, file, &at, SIZE);
    transcript_line("sendfile's offset: %ld", (long)at);
    close(file);
    return result;
}

static ssize_t by_sendfile64(int fd)
{
    int file = memfd_create("sent", MFD_CLOEXEC);
    syscall(SYS_pwrite64, file, sent, SIZE, 0);
    ssize_t result = sendfile64(fd, file, NULL, SIZE);
    close(file);
    return result;
}

static ssize_t by_recv(int fd)
{
    return recv(fd, got, SIZE, MSG_WAITALL);
}

static ssize_t by_recv_after_a_look(int fd)
{
    static char looked_at[8 * SLOW_STEP];
    ssize_t seen = recv(fd, looked_at, sizeof looked_at, MSG_WAITALL | MSG_PEEK);
    /* How many steps are there to be seen is a matter of who runs first. */
    transcript_line("looked at %s, %s",
                    seen > 0 && (size_t)seen % SLOW_STEP == 0 ? "whole steps" : "something else",
                    seen > 0 && memcmp(looked_at, sent, (size_t)seen) == 0 ? "equal" : "different");
    return recv(fd, got, SIZE, MSG_WAITALL);
}

static ssize_t by_recvfrom(int fd)
{
    return recvfrom(fd, got, SIZE, MSG_WAITALL, NULL, NULL);
}

static ssize_t by_recvmsg(int fd)
{
    struct msghdr message = {.msg_iov = got_parts, .msg_iovlen = 3};
    return recvmsg(fd, &message, MSG_WAITALL);
}

/* Datagrams that come one by one: all that were asked for are waited for. */
static void *give_datagrams(void *arg)
{
    for (int i = 0; i < 20; i++) {
        syscall(SYS_sendto, ends[1], sent + i, 1, MSG_NOSIGNAL, NULL, 0);
        blocked_nap();
    }
    return arg;
}

static void receive_datagrams(struct timespec *timeout, int expected)
{
    static struct mmsghdr messages[40];
    static struct iovec parts[40];
    pthread_t thread;
    fill();
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) {
        _exit(3);
    }
    const struct timeval half_a_second = {0, 500000};
    if (expected > 20) {
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &half_a_second, sizeof half_a_second);
    }
    for (int i = 0; i < 40; i++) {
        parts[i] = (struct iovec){got + i, 1};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    pthread_create(&thread, NULL, give_datagrams, NULL);
    TRANSCRIPT_CALL("recvmmsg", "of datagrams", recvmmsg(ends[0], messages, (unsigned)expected, 0, timeout));
    TRANSCRIPT_CALL("recvmmsg", "what is left", recvmmsg(ends[0], messages, 1, MSG_DONTWAIT, NULL));
    pthread_join(thread, NULL);
    transcript_line("datagrams %s", memcmp(sent, got, 20) == 0 ? "in order" : "in disorder");
    close_ends();
}

static void devices(void)
{
    const size_t size = (size_t)32 << 20;
    char *room = malloc(size);
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), random = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    TRANSCRIPT_CALL("read", "of /dev/zero", read(zero, room, size));
    TRANSCRIPT_CALL("read", "of /dev/urandom", read(random, room, SIZE * 4));
    TRANSCRIPT_CALL("getrandom", "of much", getrandom(room, SIZE * 4, 0));
    TRANSCRIPT_CALL("getrandom", "with wrong flags", getrandom(room, 1, 0x8000));
    close(zero);
    close(random);
    free(room);
}

/* Signals of the program's own, by its timer: a call that moved something says how much. */
static void alarm_after_ms(long ms)
{
    const struct itimerval once = {{0, 0}, {ms / 1000, ms % 1000 * 1000 + 37}};
    setitimer(ITIMER_REAL, &once, NULL);
}

static void on_alarm(int number)
{
    (void)number;
}

static void cut_by_the_program(void)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, &old);
    open_ends(true);
    alarm_after_ms(100);
    TRANSCRIPT_CALL("write", "to a pipe that nobody reads", write(ends[0], sent, SIZE));
    alarm_after_ms(100);
    TRANSCRIPT_CALL("write", "again", write(ends[0], sent, SIZE));
    close_ends();
    open_ends(true);
    alarm_after_ms(100);
    TRANSCRIPT_CALL("writev", "to a pipe that nobody reads", writev(ends[0], sent_parts, 3));
    close_ends();
    open_ends(false);
    syscall(SYS_sendto, ends[1], sent, 77, 0, NULL, 0);
    alarm_after_ms(100);
    TRANSCRIPT_CALL("recv", "of more than there is", recv(ends[0], got, SIZE, MSG_WAITALL));
    alarm_after_ms(100);
    TRANSCRIPT_CALL("recv", "of nothing", recv(ends[0], got, SIZE, MSG_WAITALL));
    close_ends();
    sigaction(SIGALRM, &old, NULL);
    alarm(60);
}

static void limited(const char *name, int option, long (*call)(int fd), int fd)
{
    const struct timeval limit = {0, 100000};
    setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit);
    int64_t start_ns = clock_mono_ns();
    TRANSCRIPT_CALL(name, "with a limit of 0.1 s", call(fd));
    int64_t took_ns = clock_mono_ns() - start_ns;
    transcript_line("it took %s", took_ns < 90000000     ? "less"
                                  : took_ns > 2000000000 ? "far more"
                                                         : "as long");
    places_release();
}

static long limited_recv(int fd)
{
    return recv(fd, got, 10, 0);
}

static long limited_read(int fd)
{
    return read(fd, got, 10);
}

static long limited_recvmsg(int fd)
{
    struct msghdr message = {.msg_iov = got_parts, .msg_iovlen = 3};
    return recvmsg(fd, &message, 0);
}

static long limited_recvmmsg(int fd)
{
    struct mmsghdr message = {.msg_hdr = {.msg_iov = got_parts, .msg_iovlen = 3}};
    return recvmmsg(fd, &message, 1, 0, NULL);
}

static long limited_send(int fd)
{
    return send(fd, sent, 10, 0);
}

static long limited_write(int fd)
{
    return write(fd, sent, 10);
}

static long limited_accept(int fd)
{
    return accept(fd, NULL, NULL);
}

static long limited_connect(int fd)
{
    unsigned len = 0;
    const void *peer = places_peer(&len);
    return connect(fd, peer, len);
}

static long limited_splice(int fd)
{
    return splice(fd, NULL, place_open_pipe(), NULL, 10, 0);
}

/* Half is there, the limit ends the wait for the rest. */
static long limited_recv_of_all(int fd)
{
    return recv(fd, got, 10, MSG_WAITALL);
}

int main(void)
{
    transcript_begin();
    transfer("write", true, by_write, take_slowly);
    transfer("write", false, by_write, take_slowly);
    transfer("writev", true, by_writev, take_slowly);
    transfer("writev", false, by_writev, take_slowly);
    transfer("send", false, by_send, take_slowly);
    transfer("sendto", false, by_sendto, take_slowly);
    transfer("sendmsg", false, by_sendmsg, take_slowly);
    transfer("sendmmsg", false, by_sendmmsg, take_slowly);
    transfer("sendfile", false, by_sendfile, take_slowly);
    transfer("sendfile64", false, by_sendfile64, take_slowly);
    transfer("recv", false, by_recv, give_slowly);
    transfer("recv after a look", false, by_recv_after_a_look, give_slowly);
    transfer("recvfrom", false, by_recvfrom, give_slowly);
    transfer("recvmsg", false, by_recvmsg, give_slowly);
    receive_datagrams(NULL, 20);
    receive_datagrams(&(struct timespec){30, 0}, 20);
    receive_datagrams(NULL, 40);
    devices();
    cut_by_the_program();
    limited("recv", SO_RCVTIMEO, limited_recv, place_empty_socket());
    limited("read", SO_RCVTIMEO, limited_read, place_empty_socket());
    limited("recvmsg", SO_RCVTIMEO, limited_recvmsg, place_empty_socket());
    limited("recvmmsg", SO_RCVTIMEO, limited_recvmmsg, place_empty_socket());
    limited("recv of all", SO_RCVTIMEO, limited_recv_of_all, place_ready_socket());
    limited("splice", SO_RCVTIMEO, limited_splice, place_empty_socket());
    TRANSCRIPT_CALL("splice", "of what is there", limited_splice(place_ready_pipe()));
    places_release();
    limited("send", SO_SNDTIMEO, limited_send, place_full_socket());
    limited("write", SO_SNDTIMEO, limited_write, place_full_socket());
    limited("accept", SO_RCVTIMEO, limited_accept, place_listener_idle());
    limited("connect", SO_SNDTIMEO, limited_connect, place_caller_blocked());
    return 0;
}
