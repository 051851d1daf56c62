/* The fixed-size record that a ring carries from the thread where something happened to the drain. */
#ifndef PREFLAME_BASE_RECORD_H
#define PREFLAME_BASE_RECORD_H

#include <stdint.h>

enum record_kind {
    RECORD_CPU = 1, /* value: nanoseconds of CPU time that the sample stands for */
};

struct record {
    int64_t time_ns; /* CLOCK_MONOTONIC */
    int64_t value;   /* unit by kind */
    uint32_t stack;  /* id in the stack table, 0 = table full */
    int32_t tid;
    uint32_t count;  /* events that the record stands for: 1 + timer overrun */
    uint16_t kind;   /* enum record_kind */
    uint16_t labels; /* number of the label set, 0 = none */
};

#endif
