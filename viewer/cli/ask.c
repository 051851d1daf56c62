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

static void say_no_answer(const struct endpoint *endpoint, int error, const char *detail, char *why)
{
    if (error == -ECONNREFUSED)
        snprintf(why, ASK_WHY_BYTES,
                 "nobody answers at %.300s; `preflame run --http=PORT -- COMMAND` starts a program that does",
                 endpoint->socket_path[0] ? endpoint->socket_path : endpoint->base);
    else
        snprintf(why, ASK_WHY_BYTES, "no answer of '%.200s': %.300s", endpoint->name, detail);
}

/* An answer of another status than 200. */
static void say_status(const struct endpoint *endpoint, const char *path, long status,
                       const struct bytes *body, char *why)
{
    const char *text = bytes_text(body);
    int len = (int)strcspn(text, "\r\n");
    len = len < 300 ? len : 300;
    if (status == 401)
        snprintf(why, ASK_WHY_BYTES, "'%.200s' wants a token; set PREFLAME_HTTP_TOKEN to its own",
                 endpoint->name);
    else if (status == 404)
        snprintf(why, ASK_WHY_BYTES, "'%.200s' has no %.300s: %.*s", endpoint->name, path, len, text);
    else
        snprintf(why, ASK_WHY_BYTES, "'%.200s' answered %ld: %.*s", endpoint->name, status, len, text);
}

int ask_silently(const struct endpoint *endpoint, const char *path, unsigned seconds,
                 const struct ask_pause *pause, struct bytes *body, char why[ASK_WHY_BYTES])
{
    char url[2 * ENDPOINT_URL_BYTES], detail[FETCH_WHY_BYTES];
    long status = 0;
    snprintf(url, sizeof(url), "%s%s", endpoint->base, path);
    struct fetch_request request = {.url = url,
                                    .socket_path = endpoint->socket_path[0] ? endpoint->socket_path : NULL,
                                    .bearer = endpoint->socket_path[0] ? NULL : getenv("PREFLAME_HTTP_TOKEN"),
                                    .timeout_s = seconds + seconds / 2 + 60,
                                    .watch_fd = pause->watch_fd,
                                    .on_pause = pause->on_pause,
                                    .context = pause->context};
    int error = fetch(&request, &status, body, detail);
    if (error == -ECANCELED)
        return ASK_CANCELLED;
    if (error)
        say_no_answer(endpoint, error, detail, why);
    else if (status != 200)
        say_status(endpoint, path, status, body, why);
    if (error)
        return EXIT_FAILED;
    return status == 200 ? EXIT_DONE : ASK_REFUSED;
}

int ask(const struct endpoint *endpoint, const char *path, const char *what, unsigned seconds,
        struct bytes *body)
{
    if (endpoint->is_file) {
        int error = read_file(endpoint->name, body);
        return error ? fail_file(endpoint->name, error) : EXIT_DONE;
    }
    char why[ASK_WHY_BYTES] = "";
    struct progress progress = {what, seconds, false};
    const struct ask_pause pause = {.watch_fd = -1, .on_pause = show_progress, .context = &progress};
    int status = ask_silently(endpoint, path, seconds, &pause, body, why);
    if (progress.is_shown)
        fputs("\r\033[K", stderr);
    if (status != EXIT_DONE)
        fprintf(stderr, "preflame: %s\n", why);
    return status == EXIT_DONE ? EXIT_DONE : EXIT_FAILED;
}
