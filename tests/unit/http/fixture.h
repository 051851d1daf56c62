/* A server in a thread of its own, waited for until it is ready. */
#ifndef PREFLAME_TESTS_HTTP_FIXTURE_H
#define PREFLAME_TESTS_HTTP_FIXTURE_H

#include "base/compiler.h"
#include "exporters/http/server.h"
#include "fake_source.h"

#include <pthread.h>
#include <semaphore.h>

struct served {
    struct http_server *server;
    pthread_t thread;
    sem_t is_ready;
    int socket_error, tcp_error; /* as http_ready_fn says */
    uint16_t tcp_port;
    int run_result; /* after served_stop */
};

/* Starts it and waits until it is bound, or has failed to. 0 or negative errno of http_server_new. Stop it
 * also when nothing could be bound. */
int served_start(struct served *s, const struct http_options *options,
                 const struct http_source *source) MUST_USE;
/* Stops, joins and frees. What http_server_run returned. */
int served_stop(struct served *s);

#endif
