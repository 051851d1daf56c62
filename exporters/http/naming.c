/* A raw profile goes to the helper's input, what it writes is checked and handed on. */
#include "exporters/http/naming.h"

#include "base/clock.h"
#include "exporters/http/errand.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#define HELPER_NICE 5

struct naming {
    const struct http_server *server;
    struct profile *profile;
    struct errand errand;
    struct event *deadline;
    named_fn done;
    void *context;
};

void naming_cancel(struct naming *naming)
{
    if (!naming)
        return;
    errand_end(&naming->errand, true);
    if (naming->deadline)
        event_free(naming->deadline);
    profile_free(naming->profile);
    free(naming);
}

/* Takes the job apart first: `done` may free what it belongs to. */
static void finish(struct naming *naming, struct bytes *body, int error)
{
    named_fn done = naming->done;
    void *context = naming->context;
    struct bytes own = *body;
    bytes_init(body, 0);
    naming_cancel(naming);
    done(context, error ? NULL : &own, error);
    bytes_clear(&own);
}

/* Names from the ELF tables in the process are better than none. */
static void finish_here(struct naming *naming)
{
    const struct http_source *source = naming->server->source;
    errand_end(&naming->errand, true);
    if (source->finish_locally)
        source->finish_locally(source->context, naming->profile);
    struct bytes body;
    bytes_init(&body, PROFILE_BYTES_MAX);
    int error = profile_encode_gzip(naming->profile, &body);
    finish(naming, &body, error);
}

/* The helper's exit status is unknown to us, so the output proves itself: a whole, valid, compressed profile.
 */
static bool is_good_output(const struct bytes *output)
{
    struct profile *decoded = NULL;
    if (output->len < 2 || output->data[0] != 0x1f || output->data[1] != 0x8b)
        return false;
    if (profile_decode(output->data, output->len, PROFILE_BYTES_MAX, &decoded, NULL))
        return false;
    profile_free(decoded);
    return true;
}

static void on_done(void *context, int error)
{
    struct naming *naming = context;
    if (error || !is_good_output(&naming->errand.output))
        finish_here(naming);
    else
        finish(naming, &naming->errand.output, 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    finish_here(context);
}

static int start_helper(struct naming *naming)
{
    struct bytes raw;
    bytes_init(&raw, PROFILE_BYTES_MAX);
    int error = profile_encode(naming->profile, &raw);
    if (!error)
        error = errand_start(&naming->errand, naming->server->source->helper_argv, HELPER_NICE, raw.data,
                             raw.len, on_done, naming);
    bytes_clear(&raw);
    return error;
}

struct naming *naming_start(const struct http_server *server, struct profile *profile, named_fn done,
                            void *context)
{
    struct naming *naming = calloc(1, sizeof(*naming));
    if (!naming) {
        profile_free(profile);
        done(context, NULL, -ENOMEM);
        return NULL;
    }
    *naming = (struct naming){.server = server, .profile = profile, .done = done, .context = context};
    errand_init(&naming->errand, server, PROFILE_BYTES_MAX);
    struct timeval limit = {.tv_sec = (time_t)(server->helper_timeout_ns / NS_PER_S),
                            .tv_usec = (suseconds_t)(server->helper_timeout_ns % NS_PER_S / 1000)};
    naming->deadline = evtimer_new(server->base, on_deadline, naming);
    if (naming->deadline && !event_add(naming->deadline, &limit) && server->source->helper_argv &&
        !start_helper(naming))
        return naming;
    finish_here(naming);
    return NULL;
}
