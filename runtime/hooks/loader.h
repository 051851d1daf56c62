/* Objects as they are loaded and unloaded. */
#ifndef PREFLAME_HOOKS_LOADER_H
#define PREFLAME_HOOKS_LOADER_H

#include "capture/modules.h"

/* Calls of dlopen and dlmopen so far: a reason to look at the module list again. */
extern _Atomic uint32_t loader_opens;

/* Reads the loader's list and publishes it in capture.modules if it changed. Returns whether it did. Takes
 * the loader's lock and ours: not in handlers. */
bool loader_refresh(void);

/* Calls `each` for every module that is or was loaded (until the history was full), under our lock. */
void loader_each_module(void (*each)(const struct module *module, void *context), void *context);

/* In a forked child: our lock is free, whoever held it in the parent. */
void loader_after_fork_child(void);

#endif
