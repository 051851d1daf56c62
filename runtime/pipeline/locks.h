/* The runtime's mutexes, checked against their ranks (base/lock_rank.h) whenever one is taken. */
#ifndef PREFLAME_PIPELINE_LOCKS_H
#define PREFLAME_PIPELINE_LOCKS_H

#include "base/lock_rank.h"

#include <pthread.h>
#include <time.h>

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank;
};

#define LOCK_INITIALIZER(name)                                                                               \
    {                                                                                                        \
        PTHREAD_MUTEX_INITIALIZER, LOCK_RANK_##name                                                          \
    }

extern struct lock pipeline_lock;

/* Where the calling thread's word of held locks lies, which the whole target shares; and what is told of a
 * lock taken in a wrong order, by the thread that takes it. Boot-only; without it each thread of a test has a
 * word here, and nothing is told. */
void locks_init(uint32_t *(*held)(void), void (*tell)(enum lock_rank taken, uint32_t held));

/* Takes it, and tells first when the order is wrong. Thread-safe. */
void lock_take(struct lock *lock);
/* Whether it could be had at once, in any order: who doesn't wait can't wait for ever. Thread-safe. */
bool lock_try(struct lock *lock);
/* Waits for it until then (CLOCK_MONOTONIC), in any order: whether it was had. Thread-safe. */
bool lock_wait(struct lock *lock, const struct timespec *until);
/* Does the calling thread hold it? Thread-safe. */
bool lock_is_held(const struct lock *lock);
/* The calling thread's. Thread-safe. */
void lock_leave(struct lock *lock);
/* In a forked child: free, whoever held it in the parent. */
void lock_renew(struct lock *lock);
/* Notes a lock that isn't ours, before and after a call that takes it. Thread-safe. */
void lock_note(enum lock_rank rank);
void lock_note_end(enum lock_rank rank);

#endif
