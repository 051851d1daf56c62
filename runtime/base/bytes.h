/* A growing byte buffer with a hard cap; the first failure sticks, so that callers check once, at the end.
 * Any thread, one at a time a buffer; not signal-safe. */
#ifndef PREFLAME_BASE_BYTES_H
#define PREFLAME_BASE_BYTES_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t
        *data;  /* owned, a block of `room` bytes; always NUL-terminated behind `len` once anything was put */
    size_t len; /* bytes used */
    size_t room; /* bytes allocated */
    size_t max;  /* never grows past this many bytes */
    int error;   /* 0, or the first failure: -ENOMEM, -EFBIG */
};

/* Starts an empty buffer that may grow to `max` bytes. Allocates nothing. */
void bytes_init(struct bytes *b, size_t max);
/* Frees the contents and leaves an empty buffer with the same cap. Safe on a zeroed struct. */
void bytes_clear(struct bytes *b);
/* Appends `len` bytes. After a failure this and all later puts do nothing and `error` says why. */
void bytes_put(struct bytes *b, const void *data, size_t len);
/* Appends a NUL-terminated string without its NUL. */
void bytes_puts(struct bytes *b, const char *text);
/* Appends printf-formatted text. */
void bytes_printf(struct bytes *b, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes room for `len` bytes and returns where to write them, or NULL. The caller then adds to `len`. */
uint8_t *bytes_reserve(struct bytes *b, size_t len);
/* The contents as a C string, "" when empty. Valid until the next put. */
const char *bytes_text(const struct bytes *b);

#endif
