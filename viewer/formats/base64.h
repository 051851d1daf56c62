/* Bytes as text. */
#ifndef PREFLAME_VIEWER_BASE64_H
#define PREFLAME_VIEWER_BASE64_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

/* Appends `len` bytes as base64 (RFC 4648), padded, without line ends. */
void base64_put(struct bytes *out, const uint8_t *data, size_t len);

#endif
