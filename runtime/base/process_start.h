/* When this process began. */
#ifndef PREFLAME_BASE_PROCESS_START_H
#define PREFLAME_BASE_PROCESS_START_H

#include <stdint.h>

/* In nanoseconds since the epoch (CLOCK_REALTIME), rounded up to the kernel's clock tick (10 ms as a rule),
 * so that what happened later has happened in this process' life. An exec doesn't change it, a fork does.
 * Without /proc: now. Signal-safe. */
int64_t process_start_real_ns(void);

#endif
