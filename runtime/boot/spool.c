/* One file, replaced as a whole. */
#include "boot/spool.h"

#include "base/atomic_file.h"
#include "base/clock.h"
#include "exporters/spool.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SPOOL_BYTES_MAX ((size_t)256 << 20)
#define PERIOD_NS INT64_C(900000000) /* ticks come every 100 ms: a second at most */
#define SPOOL_SHARE 50               /* writing takes one part in so many of the time at most */

static const struct engine_host *host;
/* Set last: the keeper may be ticking already. */
static _Atomic(const struct spool_source *) source;
static const char *folder;
static char path[PATH_MAX + 64];
static struct bytes content;
static int64_t due_ns;
static uint64_t written; /* what `changed` was for the file */
static bool is_written, has_failed;

void spool_init(const struct engine_host *the_host, const char *the_folder,
                const struct spool_source *the_source)
{
    host = the_host;
    folder = the_folder;
    is_written = has_failed = false;
    due_ns = clock_mono_ns() + PERIOD_NS;
    snprintf(path, sizeof(path), "%s/preflame.spool.%d", folder, (int)getpid());
    atomic_store_explicit(&source, the_source, memory_order_release);
}

void spool_put(const char *name, const struct profile *profile)
{
    struct bytes raw CLEANUP(bytes_clear);
    bytes_init(&raw, SPOOL_BYTES_MAX);
    if (profile_encode(profile, &raw) == 0)
        spool_add(&content, name, raw.data, raw.len);
}

static void write_now(const struct spool_source *from)
{
    bytes_init(&content, SPOOL_BYTES_MAX);
    spool_begin(&content);
    from->fill();
    int error = content.error ? content.error : atomic_file_write(path, content.data, content.len, false);
    bytes_clear(&content);
    is_written |= !error;
    if (error) {
        host->log(LOG_WARN, "no spool %s: %s; what a kill leaves is lost", path, strerror(-error));
        has_failed = true;
    }
}

void spool_tick(void)
{
    int64_t start_ns = clock_mono_ns();
    /* Acquire: with it comes where to write. */
    const struct spool_source *from = atomic_load_explicit(&source, memory_order_acquire);
    if (!from || has_failed || start_ns < due_ns)
        return;
    uint64_t changed = from->changed(); /* before it is filled: what comes between is in the next one, too */
    if (!is_written || changed != written)
        write_now(from);
    written = changed;
    int64_t now_ns = clock_mono_ns(), cost_ns = (now_ns - start_ns) * SPOOL_SHARE;
    due_ns = start_ns + (cost_ns > PERIOD_NS ? cost_ns : PERIOD_NS);
}

void spool_remove(void)
{
    atomic_store_explicit(&source, NULL, memory_order_relaxed);
    if (is_written)
        unlink(path);
    is_written = false;
}
