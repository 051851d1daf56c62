/* Every lock of the runtime, by rank: whoever holds one may only take those below it in this list.
 *
 *   rank  lock                                     protects
 *   1     program_lock (boot/program_profile.c)    the program's own CPU profile, up to its file
 *   2     load_lock (boot/trace.c)                 loading a provider against forking
 *   3     control_lock (boot/control.c)            who profiles; starting and stopping
 *   4     pipeline_lock (pipeline/drain.c)         rings' reading side, totals
 *   5     the loader's own                         the C library's list of objects
 *   6     the trace provider's own                 sessions, buffers, descriptors
 *   7     writer_lock (hooks/module_list.c)        the module snapshot and its history; spins
 *   8     ready_lock (boot/services.c)             what became of the endpoints; nothing is taken under it
 *   9     ask_lock (pipeline/threads.c)            that one reader asks running threads; likewise
 *
 * Handlers take none of them, nor do hooks, but for these:
 *   dlclose and loader_refresh take 5, then 7, one after the other; dlclose's gate (capture/modules.h) is no
 * lock: it waits for captures, which never wait. The fork handlers take 2, and 6 under it, before the fork,
 * and give them back after it. A constructor that forks holds 5 meanwhile: 5 before 2, which is safe, since 5
 * is taken under 2 only while boot loads the provider, before the program runs. Hooks of exec and of the ways
 * out have the keeper write, which takes 3 and below. They themselves wait for it, bounded; where no keeper
 * could be started they take 3 and below instead of it. The first wait in a forked child starts its
 * endpoints, and takes 8. The functions of preflame.h take 1, 3 and below. In a forked child all are made
 * anew. scripts/check_layers.py holds that no lock is missing here. */
#ifndef PREFLAME_PIPELINE_LOCKS_H
#define PREFLAME_PIPELINE_LOCKS_H

#include <pthread.h>

extern pthread_mutex_t pipeline_lock;

#endif
