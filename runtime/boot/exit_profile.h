/* The profiles of PREFLAME_PROFILE, written when the process ends: Go's pkg/profile way. */
#ifndef PREFLAME_BOOT_EXIT_PROFILE_H
#define PREFLAME_BOOT_EXIT_PROFILE_H

#include "boot/door.h"

/* Starts profiling and says so, or says why not. Signals that are about to end the process run `on_fatal`
 * first. Boot-only. */
void exit_profile_begin(const struct engine_host *host, void (*on_fatal)(void));
/* Writes what was sampled so far, if anything is new; with `ends`, once and for all, and says so. Repeatable:
 * later writes replace this process' file. In the keeper, or with no keeper alive. */
void exit_profile_write(bool ends);
/* Is there anything to write? Signal-safe. */
bool exit_profile_is_on(void);
/* In a forked child: profiles go on, to files of its own. */
void exit_profile_after_fork_child(void);
/* In a child that may not do that yet: they stand still until it is called. Signal-safe. */
void exit_profile_pause(void);

#endif
