/* The folder of the files that a process leaves: PREFLAME_OUT, or a fresh one. */
#ifndef PREFLAME_BOOT_OUT_FOLDER_H
#define PREFLAME_BOOT_OUT_FOLDER_H

#include "boot/door.h"

/* Reads where fresh folders go: programs that rename themselves write over their environment later.
 * Boot-only.
 */
void out_folder_init(void);
/* Its absolute path, made if missing; the same in every call of a process and its forked children. NULL,
 * after one line, when it can't be had. One thread at a time; a relative PREFLAME_OUT is read from where the
 * process is at the first call. */
const char *out_folder(const struct engine_host *host);

#endif
