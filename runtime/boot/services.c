/* The HTTP thread and what it serves. */
#include "boot/services.h"

#include "boot/collector.h"
#include "boot/control.h"
#include "boot/out_folder.h"
#include "boot/profiles.h"
#include "boot/socket_place.h"
#include "boot/trace.h"
#include "exporters/http/listen.h"
#include "exporters/http/server.h"
#include "exporters/local_names.h"
#include "pipeline/locks.h"
#include "pipeline/own_thread.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)1024 * 1024)

static const struct engine_host *host;
static struct http_server *server;
static pthread_t thread;
static bool is_running;
/* The process is on its way out: a socket that is still coming up is gone already. */
static atomic_bool is_ending;
static char socket_path[PATH_MAX]; /* "" = none */
static char helper_path[PATH_MAX];
static char helper_perf_map[64];
static const char *helper_argv[] = {helper_path, "symbolize", helper_perf_map, NULL};
static struct helper_command helper_command = {.argv = helper_argv, .nice_add = 5};
static bool has_helper;

static int source_start(void *context, int hz)
{
    (void)context;
    return control_cpu_begin(hz);
}

static int source_stop(void *context, const struct profile_kind *kind, struct profile **ret)
{
    (void)context;
    return control_cpu_take(true, kind, ret);
}

struct lookup {
    uint64_t pc;
    struct module found;
    bool is_found;
};

static void look(const struct module *module, void *context)
{
    struct lookup *lookup = context;
    if (lookup->pc >= module->low && lookup->pc < module->high && module->dead_epoch == UINT32_MAX) {
        lookup->found = *module;
        lookup->is_found = true;
    }
}

static int source_take(void *context, const struct profile_kind *kind, bool has_both, struct profile **ret)
{
    (void)context;
    return profiles_take(kind, has_both, ret);
}

static uint64_t source_count(void *context, const struct profile_kind *kind)
{
    (void)context;
    return profiles_count(kind);
}

static uint64_t source_symbol(void *context, uint64_t pc, char *name, size_t size)
{
    (void)context;
    struct lookup lookup = {.pc = pc};
    host->modules_refresh();
    host->modules_each(look, &lookup);
    name[0] = 0;
    uint64_t start = 0;
    if (lookup.is_found)
        start = local_name(lookup.found.path, lookup.found.low, lookup.found.file_offset, pc, name, size);
    return start ? start : pc;
}

static void source_self(void *context, struct bytes *out)
{
    (void)context;
    control_self(out);
}

static int source_trace_ask(void *context)
{
    (void)context;
    return trace_ask();
}

static void source_metrics(void *context, struct bytes *out)
{
    (void)context;
    control_metrics(out);
}

static void source_finish(void *context, struct profile *p)
{
    (void)context;
    local_names_finish(p);
}

static struct http_source source = {.cpu_start = source_start,
                                    .cpu_stop = source_stop,
                                    .take = source_take,
                                    .count = source_count,
                                    .symbol = source_symbol,
                                    .self = source_self,
                                    .metrics = source_metrics,
                                    .trace_ask = source_trace_ask,
                                    .finish_locally = source_finish};

static void find_helper(void)
{
    static const char *const places[] = {"%s/../bin/preflame", "%s/../../bin/preflame"};
    for (size_t i = 0; i < ARRAY_SIZE(places) && !has_helper; i++) {
        char path[PATH_MAX + 32];
        snprintf(path, sizeof(path), i ? places[1] : places[0], host->library_dir);
        has_helper = realpath(path, helper_path) && access(helper_path, X_OK) == 0;
    }
    if (!has_helper)
        host->log(LOG_WARN, "no `preflame` command beside %s: profiles have function names only",
                  host->library_dir);
}

/* Where a JIT compiler of this process would write its names, and perf would look for them. */
static void place_perf_map(void)
{
    snprintf(helper_perf_map, sizeof(helper_perf_map), "--perf-map=/tmp/perf-%d.map", (int)getpid());
}

void services_init(const struct engine_host *the_host)
{
    host = the_host;
    socket_place_init();
    find_helper();
    place_perf_map();
    helper_command.env = (const char *const *)helper_environment_new((const char *const *)environ);
    source.helper_argv = has_helper ? helper_argv : NULL;
    out_folder_init();
}

const struct helper_command *services_symbolizer(void)
{
    return has_helper ? &helper_command : NULL;
}

/* What the serving thread reports once: under ready_lock. */
static struct lock ready_lock = LOCK_INITIALIZER(READY);
static pthread_cond_t ready_changed = PTHREAD_COND_INITIALIZER;
static bool is_ready;
static bool is_child_of_ours;

static void say_no_socket(int error)
{
    host->log(LOG_WARN, "no socket %s: %s; name another place with PREFLAME_SOCKET", socket_path,
              socket_place_problem(error));
    socket_path[0] = 0;
}

static void report(void *context, int socket_error, int tcp_error, uint16_t port)
{
    (void)context;
    const struct options *options = host->options;
    const char *host_name = options->http_host[0] ? options->http_host : "127.0.0.1";
    char name[sizeof(options->http_host) + 2];
    snprintf(name, sizeof(name), strchr(host_name, ':') ? "[%s]" : "%s", host_name);
    if (socket_error && !is_ending)
        say_no_socket(socket_error);
    if (tcp_error)
        host->log(is_child_of_ours ? LOG_INFO : LOG_WARN,
                  "no HTTP on %s:%u: %s; set PREFLAME_HTTP to a free port of this machine", name,
                  options->http_port, strerror(-tcp_error));
    else if (port)
        host->log(LOG_INFO, "http://%s:%u/debug/pprof/", name, port);
    if (port && !options->http_token[0] && !listen_is_loopback(options->http_host))
        host->log(LOG_ERROR, "http://%s:%u is open to everybody who can reach it; set PREFLAME_HTTP_TOKEN",
                  name, port);
    collector_place(socket_path, name, port);
    lock_take(&ready_lock);
    is_ready = true;
    pthread_cond_broadcast(&ready_changed);
    lock_leave(&ready_lock);
    if (socket_path[0] && !options->socket_path[0])
        socket_place_tidy(socket_path);
}

static void *serve(void *argument)
{
    prctl(PR_SET_NAME, "preflame-http");
    (void)host->private_files_enter();
    if (http_server_run(server, report, NULL) && is_ready)
        host->log(LOG_DEBUG, "the HTTP thread has ended");
    return argument;
}

/* Waits until the endpoints are open or known to fail: a second at most, the program wants to go on. */
static void wait_until_ready(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    lock_take(&ready_lock);
    while (!is_ready && pthread_cond_timedwait(&ready_changed, &ready_lock.mutex, &until) == 0)
        ;
    lock_leave(&ready_lock);
}

static void choose_socket(bool is_child)
{
    int error = socket_place_choose(host->options, is_child, socket_path, sizeof(socket_path));
    if (error)
        say_no_socket(error);
}

void services_start(bool is_child)
{
    if (is_running)
        return;
    if (!is_child)
        collector_init(host, has_helper ? helper_path : NULL, helper_command.env);
    choose_socket(is_child);
    bool has_tcp = host->options->has_http && !host->options->is_token_unfit && !is_child;
    struct http_options http = {.helper_env = helper_command.env,
                                .socket_path = socket_path[0] ? socket_path : NULL,
                                .tcp_host = has_tcp ? host->options->http_host : NULL,
                                .tcp_port = host->options->http_port,
                                .token = host->options->http_token,
                                .companion = collector_companion()};
    if (!http.socket_path && !http.tcp_host) {
        if (http.companion)
            host->log(LOG_WARN, "no rolling profiles: they need the socket that PREFLAME_SOCKET=off forbids");
        return;
    }
    int error = http_server_new(&http, &source, &server);
    is_ready = false;
    is_child_of_ours = host->is_child || is_child;
    if (!error)
        error = own_thread_start(&thread, STACK_BYTES, serve, NULL);
    is_running = !error;
    if (is_running) {
        wait_until_ready();
        host->log_deliver();
        return;
    }
    host->log(LOG_WARN, "no HTTP: %s; check PREFLAME_SOCKET and PREFLAME_HTTP", strerror(-error));
    http_server_free(server);
    server = NULL;
}

void services_stop(void)
{
    if (!is_running)
        return;
    is_running = false;
    http_server_stop(server);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (pthread_timedjoin_np(thread, NULL, &until) == 0) {
        http_server_free(server);
        server = NULL;
        socket_path[0] = 0;
    }
}

void services_before_exec(void)
{
    if (is_running)
        http_server_before_exec(server);
}

void services_unlink(void)
{
    is_ending = true;
    if (is_running)
        http_server_unlink(server);
}

void services_after_fork_child(void)
{
    if (server)
        http_server_drop_in_child(server);
    server = NULL;
    is_running = false;
    socket_path[0] = 0;
    place_perf_map();
    collector_after_fork_child();
    lock_renew(&ready_lock);
    pthread_cond_init(&ready_changed, NULL);
}
