/* A storm of preflame's own signals on the calling thread, awake or asleep: what hits a wait once an hour
 * hits every wait. */
#ifndef PREFLAME_TESTS_STORM_H
#define PREFLAME_TESTS_STORM_H

/* When the environment has STORM: finds one of preflame's timers and makes one like it that ticks on the wall
 * clock, for the calling thread; ends the program with status 4 if there is none. Without STORM: nothing. */
void storm_here(void);

#endif
