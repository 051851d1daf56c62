/* What survives a kill: every second, the profiles of PREFLAME_PROFILE as they are then, raw, in a file
 * beside them. */
#ifndef PREFLAME_BOOT_SPOOL_H
#define PREFLAME_BOOT_SPOOL_H

#include "boot/door.h"
#include "exporters/profile/profile.h"

struct spool_source {
    void (*fill)(void);        /* fills the spool through spool_put */
    uint64_t (*changed)(void); /* another number whenever another spool would be filled */
};

/* `folder` and `source` must live for ever. Boot-only, and in a forked child, whose spool is its own. */
void spool_init(const struct engine_host *host, const char *folder, const struct spool_source *source);
/* The keeper's tick: writes when a second has passed and anything has changed; less often when that takes
 * more than SPOOL_SHARE of the time. */
void spool_tick(void);
/* Adds a profile, from within the fill function. */
void spool_put(const char *name, const struct profile *profile);
/* The profiles are written: no spool is needed any more. Any thread of the engine's. */
void spool_remove(void);

#endif
