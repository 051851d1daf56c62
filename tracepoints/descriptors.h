/* Which descriptors are LTTng's. */
#ifndef PREFLAME_TRACEPOINTS_DESCRIPTORS_H
#define PREFLAME_TRACEPOINTS_DESCRIPTORS_H

/* LTTng's first descriptor that isn't below `fd`, UINT_MAX without one, or when it is LTTng that asks.
 * Signal-safe. Any thread. */
unsigned descriptors_next(unsigned fd);

#endif
