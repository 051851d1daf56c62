/* The profiles that the program itself asks for, through include/preflame/preflame.h. */
#ifndef PREFLAME_BOOT_PROGRAM_PROFILE_H
#define PREFLAME_BOOT_PROGRAM_PROFILE_H

/* The engine's half of the functions of these names there; each returns what the header says. Any thread of
 * the program, with its guard up; not in handlers. */
int program_profile_start(const char *path);
int program_profile_stop(void);
int program_profile_write(const char *name, const char *path);
/* A forked child has started none. */
void program_profile_after_fork_child(void);

#endif
