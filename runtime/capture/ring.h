/* A ring of records: one producer (its thread, handler included), one consumer (the drain). Full: drop and
 * count. */
#ifndef PREFLAME_CAPTURE_RING_H
#define PREFLAME_CAPTURE_RING_H

#include "base/record.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_RECORDS 64 /* a power of two; 640 ms of CPU time at 100 Hz, drained every 100 ms */

struct ring {
    _Atomic uint32_t head;    /* next to write; owned by the producer */
    _Atomic uint32_t tail;    /* next to read; owned by the consumer */
    _Atomic uint64_t dropped; /* events that found the ring full, by their count */
    struct record *records;   /* borrowed: RING_RECORDS of them, touched by the first that are written */
};

/* Adds a record, or counts it as dropped. Producer only; signal-safe. */
static inline void ring_push(struct ring *ring, const struct record *record)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    /* Acquire: the slot about to be overwritten has been read. */
    if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) >= RING_RECORDS) {
        uint64_t dropped = atomic_load_explicit(&ring->dropped, memory_order_relaxed);
        atomic_store_explicit(&ring->dropped, dropped + record->count, memory_order_relaxed);
        return;
    }
    ring->records[head & (RING_RECORDS - 1)] = *record;
    /* Release: publishes the record. */
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

/* Takes the oldest record. False when empty. Consumer only. */
static inline bool ring_pop(struct ring *ring, struct record *ret_record)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
        return false;
    *ret_record = ring->records[tail & (RING_RECORDS - 1)];
    /* Release: the producer may write here again. */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

/* Nothing to read. Either side; signal-safe. */
static inline bool ring_is_empty(struct ring *ring)
{
    return atomic_load_explicit(&ring->head, memory_order_acquire) ==
           atomic_load_explicit(&ring->tail, memory_order_acquire);
}

#endif
