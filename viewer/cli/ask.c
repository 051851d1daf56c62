/* Asking a target. */
#include "viewer/cli/ask.h"

#include "base/clock.h"
#include "viewer/cli/commands.h"
#include "viewer/cli/read_file.h"
#include "viewer/client/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct progress {
    const char *what;
    unsigned seconds;
    bool is_shown;
};

int ask_find(const char *target, struct endpoint *ret)
{
    char why[ENDPOINT_WHY_BYTES];
    if (endpoint_find(target, ret, why) == 0)
        return EXIT_DONE;
    fprintf(stderr, "preflame: %s\n", why);
    return EXIT_FAILED;
}

static bool show_progress(void *context, int64_t elapsed_ns)
{
    struct progress *progress = context;
    if (elapsed_ns < NS_PER_S || !isatty(STDERR_FILENO))
        return true;
    long elapsed_s = (long)(elapsed_ns / NS_PER_S);
    if (elapsed_s < (long)progress->seconds)
        fprintf(stderr, "\r\033[K%s: %ld of %u s", progress->what, elapsed_s, progress->seconds);
    else
        fprintf(stderr, "\r\033[K%s: waiting for the answer", progress->what);
    progress->is_shown = true;
    return true;
}

static int fail_file(const char *path, int error)
{
    fprintf(stderr, "preflame: cannot read '%s': %s; give a profile, or a process to ask\n", path,
            strerror(-error));
    return EXIT_FAILED;
}

static int fail_fetch(const struct endpoint *endpoint, int error, const char *why)
{
    if (error == -ECONNREFUSED)
        fprintf(stderr,
                "preflame: nobody answers at %s; `preflame run --http=PORT -- COMMAND` starts a program that "
                "does\n",
                endpoint->socket_path[0] ? endpoint->socket_path : endpoint->base);
    else
        fprintf(stderr, "preflame: no answer of '%.200s': %s\n", endpoint->name, why);
    return EXIT_FAILED;
}

/* An answer of another status than 200. */
static int fail_status(const struct endpoint *endpoint, const char *path, long status,
                       const struct bytes *body)
{
    const char *text = bytes_text(body);
    if (status == 401)
        fprintf(stderr, "preflame: '%.200s' wants a token; set PREFLAME_HTTP_TOKEN to its own\n",
                endpoint->name);
    else if (status == 404)
        fprintf(stderr, "preflame: '%.200s' has no %.300s: %.*s\n", endpoint->name, path,
                (int)strcspn(text, "\r\n"), text);
    else
        fprintf(stderr, "preflame: '%.200s' answered %ld: %.*s\n", endpoint->name, status,
                (int)strcspn(text, "\r\n"), text);
    return EXIT_FAILED;
}

int ask(const struct endpoint *endpoint, const char *path, const char *what, unsigned seconds,
        struct bytes *body)
{
    if (endpoint->is_file) {
        int error = read_file(endpoint->name, body);
        return error ? fail_file(endpoint->name, error) : EXIT_DONE;
    }
    char url[2 * ENDPOINT_URL_BYTES], why[FETCH_WHY_BYTES];
    struct progress progress = {what, seconds, false};
    long status = 0;
    snprintf(url, sizeof(url), "%s%s", endpoint->base, path);
    struct fetch_request request = {.url = url,
                                    .socket_path = endpoint->socket_path[0] ? endpoint->socket_path : NULL,
                                    .bearer = endpoint->socket_path[0] ? NULL : getenv("PREFLAME_HTTP_TOKEN"),
                                    .timeout_s = seconds + seconds / 2 + 60,
                                    .watch_fd = -1,
                                    .on_pause = show_progress,
                                    .context = &progress};
    int error = fetch(&request, &status, body, why);
    if (progress.is_shown)
        fputs("\r\033[K", stderr);
    if (error)
        return fail_fetch(endpoint, error, why);
    return status == 200 ? EXIT_DONE : fail_status(endpoint, path, status, body);
}
