/* Every lock of the runtime, by rank: whoever holds one may only take those below it in this list.
 *
 *   rank  lock                          protects
 *   1     load_lock  (boot/trace.c)     loading a provider against forking
 *   -     program_lock (boot/program_profile.c) the program's own CPU profile; taken before control_lock
 *   2     control_lock (boot/control.c) who profiles; starting and stopping
 *   3     pipeline_lock (pipeline/)     rings' reading side, totals
 *   4     the loader's own              the C library's list of objects
 *   5     writer_lock (hooks/module_list.c) the module snapshot and its history
 *
 * Hooks and handlers take none of them. In a forked child all are made anew. */
#ifndef PREFLAME_PIPELINE_LOCKS_H
#define PREFLAME_PIPELINE_LOCKS_H

#include <pthread.h>

extern pthread_mutex_t pipeline_lock;

#endif
