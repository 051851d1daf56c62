/* The functions of include/preflame/preflame.h, as the preload exports them. */
#ifndef PREFLAME_BOOT_API_H
#define PREFLAME_BOOT_API_H

#include "boot/door.h"

/* Until then, and with NULL, they answer PREFLAME_ABSENT. Boot-only. */
void api_init(const struct engine *engine);

#endif
