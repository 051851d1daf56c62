/* The thread that serves. */
#include "fixture.h"

#ifdef __SANITIZE_THREAD__
/* ThreadSanitizer knows one descriptor table: it takes the server's number 4 for the test's number 4, unless
 * it leaves what interceptors see alone. And some tests fork first and serve then. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "ignore_interceptors_accesses=1:die_after_fork=0";
}
#endif

static void on_ready(void *context, int socket_error, int tcp_error, uint16_t tcp_port)
{
    struct served *s = context;
    s->socket_error = socket_error;
    s->tcp_error = tcp_error;
    s->tcp_port = tcp_port;
    sem_post(&s->is_ready);
}

static void *serve(void *context)
{
    struct served *s = context;
    s->run_result = http_server_run(s->server, on_ready, s);
    return NULL;
}

int served_start(struct served *s, const struct http_options *options, const struct http_source *source)
{
    int error = http_server_new(options, source, &s->server);
    if (error)
        return error;
    sem_init(&s->is_ready, 0, 0);
    error = -pthread_create(&s->thread, NULL, serve, s);
    if (error) {
        http_server_free(s->server);
        return error;
    }
    while (sem_wait(&s->is_ready))
        ;
    return 0;
}

int served_stop(struct served *s)
{
    http_server_stop(s->server);
    pthread_join(s->thread, NULL);
    http_server_free(s->server);
    s->server = NULL;
    return s->run_result;
}
