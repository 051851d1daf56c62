/* libevent's two global callbacks. */
#include "exporters/http/quiet.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static _Thread_local bool is_server_thread;

static void on_log(int severity, const char *message)
{
    static const char *const names[] = {"debug", "msg", "warn", "err"};
    bool is_known = severity >= 0 && severity < 4;
    if (!is_server_thread)
        fprintf(stderr, "[%s] %s\n", is_known ? names[severity] : "???", message);
}

/* When this returns, libevent calls exit(). The program must live on, without our server. */
static void on_fatal(int error)
{
    (void)error;
    while (is_server_thread)
        pause();
}

void http_quiet_libevent(void)
{
    event_set_log_callback(on_log);
    event_set_fatal_callback(on_fatal);
}

void http_claim_thread(void)
{
    is_server_thread = true;
}
