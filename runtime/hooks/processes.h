/* Forks. */
#ifndef PREFLAME_HOOKS_PROCESSES_H
#define PREFLAME_HOOKS_PROCESSES_H

/* Has hooks_host told of every fork from now on. Boot only. */
void processes_watch_forks(void);

#endif
