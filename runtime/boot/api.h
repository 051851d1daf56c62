/* The functions of include/preflame/preflame.h, as the preload exports them. */
#ifndef PREFLAME_BOOT_API_H
#define PREFLAME_BOOT_API_H

#include "boot/door.h"

#include <stdint.h>

/* Until then, and with NULL, they answer PREFLAME_ABSENT. Boot-only. */
void api_init(const struct engine *engine);

/* The engine that api_init was given; until then NULL. */
extern const struct engine *api_engine;

/* Those of api_trace.c, which the table in api.c names. As in preflame.h. */
int preflame_task_begin(const char *name, uint64_t parent, uint64_t *ret_task);
int preflame_task_end(uint64_t task);
int preflame_region_begin(uint64_t task, const char *name);
int preflame_region_end(uint64_t task, const char *name);
int preflame_log(uint64_t task, const char *category, const char *message);
int preflame_counter(const char *name, double value);

#endif
