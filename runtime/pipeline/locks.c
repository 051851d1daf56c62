/* Taking and leaving the runtime's mutexes. */
#include "pipeline/locks.h"

#include <stddef.h>

static uint32_t *held_here(void)
{
    static _Thread_local uint32_t held;
    return &held;
}

static uint32_t *(*held_of_thread)(void) = held_here;
static void (*tell_inversion)(enum lock_rank taken, uint32_t held);

void locks_init(uint32_t *(*held)(void), void (*tell)(enum lock_rank taken, uint32_t held))
{
    held_of_thread = held;
    tell_inversion = tell;
}

void lock_note(enum lock_rank rank)
{
    uint32_t *held = held_of_thread(), before = *held;
    if (!lock_rank_take(held, rank) && tell_inversion)
        tell_inversion(rank, before);
}

void lock_note_end(enum lock_rank rank)
{
    lock_rank_leave(held_of_thread(), rank);
}

void lock_take(struct lock *lock)
{
    lock_note(lock->rank); /* before: an order that deadlocks is told, too */
    pthread_mutex_lock(&lock->mutex);
}

bool lock_try(struct lock *lock)
{
    bool is_had = pthread_mutex_trylock(&lock->mutex) == 0;
    if (is_had)
        (void)lock_rank_take(held_of_thread(), lock->rank);
    return is_had;
}

bool lock_wait(struct lock *lock, const struct timespec *until)
{
    bool is_had = pthread_mutex_clocklock(&lock->mutex, CLOCK_MONOTONIC, until) == 0;
    if (is_had)
        (void)lock_rank_take(held_of_thread(), lock->rank);
    return is_had;
}

bool lock_is_held(const struct lock *lock)
{
    return *held_of_thread() >> lock->rank & 1;
}

void lock_leave(struct lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
    lock_note_end(lock->rank);
}

void lock_renew(struct lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
    lock_note_end(lock->rank);
}
