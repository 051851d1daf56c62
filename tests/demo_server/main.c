/* The demo server's life: options, users, server, and a clean end on SIGINT or SIGTERM. */
#include "tests/demo_server/options.h"
#include "tests/demo_server/server.h"
#include "tests/demo_server/users.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Blocks the ending signals before any thread exists, so that only sigwait ever takes them. */
static void block_ending_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
    pthread_sigmask(SIG_BLOCK, ret, NULL);
}

static int serve(const struct options *options, const sigset_t *ending)
{
    CLEANUP(users_free) struct user_map map = {0};
    if (users_build(options->map, USERS_COUNT, &map) < 0) {
        fputs("demo-server: out of memory while building the users; free some and start again\n", stderr);
        return 1;
    }
    static struct server server; /* threads of the library point at it */
    uint16_t port;
    int r = server_start(&server, options, &map, &port);
    if (r < 0) {
        fprintf(stderr, "demo-server: cannot listen on 127.0.0.1:%u: %s; try another --port, or --port=0\n",
                (unsigned)options->port, strerror(-r));
        return 1;
    }
    printf("demo-server: listening on http://127.0.0.1:%u\n", (unsigned)port);
    int received;
    while (sigwait(ending, &received) == EINTR) {
    }
    server_stop(&server);
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;
    if (options_parse(argc, argv, &options) < 0) {
        return 2;
    }
    if (options.is_help) {
        options_help();
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigset_t ending;
    block_ending_signals(&ending);
    return serve(&options, &ending);
}
