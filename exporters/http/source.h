/* What the HTTP room asks of the process it serves: a table of functions, so that it knows neither hooks nor
 * capture. */
#ifndef PREFLAME_EXPORTERS_HTTP_SOURCE_H
#define PREFLAME_EXPORTERS_HTTP_SOURCE_H

#include "base/bytes.h"
#include "exporters/kinds.h"

#include <stddef.h>
#include <stdint.h>

/* Every function is called in the thread that runs the server, one at a time, each with `context`; none may
 * block for long, as the other requests wait. Borrowed: must outlive the server. */
struct http_source {
    void *context;
    /* Starts CPU sampling at `hz` per CPU-second (0 = the default). -EBUSY when it runs already, or negative
     * errno. */
    int (*cpu_start)(void *context, int hz);
    /* Ends it. *ret: as `kind` (CPU or wall), raw addresses and mappings, owned by the caller. 0 or negative
     * errno (sampling has ended too). */
    int (*cpu_stop)(void *context, const struct profile_kind *kind, struct profile **ret);
    /* A profile that is counted all the time, as it is now, raw, owned by the caller; with `has_both`, with
     * the other side's stacks. 0 or negative errno. */
    int (*take)(void *context, const struct profile_kind *kind, bool has_both, struct profile **ret);
    /* How many stacks it holds now. */
    uint64_t (*count)(void *context, const struct profile_kind *kind);
    /* The name of the function around `pc` from in-process tables, NUL-terminated; "" when unknown. Returns
     * where it starts, or `pc`. */
    uint64_t (*symbol)(void *context, uint64_t pc, char *name, size_t size);
    /* Appends what preflame itself costs and lost, as text lines. */
    void (*self)(void *context, struct bytes *out);
    /* May the process be traced? 0, -EINPROGRESS: not yet, ask again; or why not: -ENOENT without a tracer,
     * -ENOTSUP. */
    int (*trace_ask)(void *context);
    /* Appends the same as metrics (exporters/metrics_text.h). */
    void (*metrics)(void *context, struct bytes *out);
    /* Command that reads a raw profile on stdin and writes it with names, gzip-compressed, on stdout; NULL
     * for none. The first word is an absolute path. */
    const char *const *helper_argv;
    /* Gives `p` names from ELF tables in the process, when there is no helper or it failed. May be NULL. */
    void (*finish_locally)(void *context, struct profile *p);
};

#endif
