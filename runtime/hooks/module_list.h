/* Writing the module snapshot: from the loader's own list to an immutable, sorted one. */
#ifndef PREFLAME_HOOKS_MODULE_LIST_H
#define PREFLAME_HOOKS_MODULE_LIST_H

#include "capture/modules.h"

typedef int (*iterate_fn)(int (*each)(struct dl_phdr_info *, size_t, void *), void *context);

/* Publishes a new snapshot in `state` if the loader's list (through `iterate`) changed; whether it did.
 * *ret_old is then the snapshot before, to be freed once no capture reads it. Unloaded modules move to the
 * history; the epoch grows when addresses of the history come to mean something else. Thread-safe; not in
 * handlers. */
bool module_list_refresh(struct module_state *state, iterate_fn iterate, const struct module_list **ret_old);
void module_list_free(const struct module_list *list);
/* Every module of the snapshot and of the history, under the writer's lock. */
void module_list_each(struct module_state *state, void (*each)(const struct module *module, void *context),
                      void *context);
void module_list_after_fork_child(void);

#endif
