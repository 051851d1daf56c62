/* Every interposed socket call: success, failure, EINTR and cancellation. */
#include "places.h"
#include "transcript.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char buffer[64];

static long call_recv(int fd)
{
    return recv(fd, buffer, sizeof buffer, 0);
}

static long call_recvfrom(int fd)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    return recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &len);
}

static struct msghdr one_message(struct iovec *part)
{
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = part;
    message.msg_iovlen = 1;
    return message;
}

static long call_recvmsg(int fd)
{
    struct iovec part = {buffer, sizeof buffer};
    struct msghdr message = one_message(&part);
    return recvmsg(fd, &message, 0);
}

static long call_recvmmsg(int fd)
{
    struct iovec part = {buffer, sizeof buffer};
    struct mmsghdr messages[1] = {{one_message(&part), 0}};
    return recvmmsg(fd, messages, 1, 0, NULL);
}

static long call_send(int fd)
{
    return send(fd, "seven!!", 7, 0);
}

static long call_sendto(int fd)
{
    return sendto(fd, "seven!!", 7, 0, NULL, 0);
}

static long call_sendmsg(int fd)
{
    struct iovec part = {buffer, 9};
    struct msghdr message = one_message(&part);
    return sendmsg(fd, &message, 0);
}

static long call_sendmmsg(int fd)
{
    struct iovec part = {buffer, 9};
    struct mmsghdr messages[1] = {{one_message(&part), 0}};
    return sendmmsg(fd, messages, 1, 0);
}

static long accepted(int fd)
{
    if (fd < 0) {
        return -1;
    }
    close(fd);
    return 0;
}

static long call_accept(int fd)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    return accepted(accept(fd, (struct sockaddr *)&from, &len));
}

static long call_accept4(int fd)
{
    return accepted(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
}

static long call_connect(int fd)
{
    unsigned len = 0;
    const void *peer = places_peer(&len);
    return connect(fd, peer, len);
}

#define BOTH (CALL_IS_INTERRUPTED | CALL_IS_CANCELLED)

static const struct call_row rows[] = {
    {"recv", call_recv, place_ready_socket, place_ready_pipe, place_empty_socket, places_release, BOTH},
    {"recvfrom", call_recvfrom, place_ready_socket, place_closed, place_empty_socket, places_release, BOTH},
    {"recvmsg", call_recvmsg, place_ready_socket, place_unconnected, place_empty_socket, places_release,
     BOTH},
    {"recvmmsg", call_recvmmsg, place_ready_socket, place_closed, place_empty_socket, places_release, BOTH},
    {"send", call_send, place_empty_socket, place_unconnected, place_full_socket, places_release, BOTH},
    {"sendto", call_sendto, place_empty_socket, place_closed, place_full_socket, places_release, BOTH},
    {"sendmsg", call_sendmsg, place_empty_socket, place_unconnected, place_full_socket, places_release, BOTH},
    {"sendmmsg", call_sendmmsg, place_empty_socket, place_closed, place_full_socket, places_release, BOTH},
    {"accept", call_accept, place_listener_ready, place_unconnected, place_listener_idle, places_release,
     BOTH},
    {"accept4", call_accept4, place_listener_ready, place_closed, place_listener_idle, places_release, BOTH},
    {"connect", call_connect, place_caller_ready, place_closed, place_caller_blocked, places_release, BOTH},
};

int main(void)
{
    transcript_begin();
    transcript_rows(rows, ARRAY_SIZE(rows));
    return 0;
}
