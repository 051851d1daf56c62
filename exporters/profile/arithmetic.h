/* Sums and products that stop at the ends of int64_t: a hostile profile must not be undefined behaviour. */
#ifndef PREFLAME_EXPORTERS_PROFILE_ARITHMETIC_H
#define PREFLAME_EXPORTERS_PROFILE_ARITHMETIC_H

#include <stdint.h>

/* a + b, or the nearest int64_t. Signal-safe. Any thread. */
static inline int64_t saturating_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* a * b, or the nearest int64_t. Signal-safe. Any thread. */
static inline int64_t saturating_multiply(int64_t a, int64_t b)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
    return product;
}

#endif
