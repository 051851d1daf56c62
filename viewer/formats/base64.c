/* Base64: three bytes, four letters. */
#include "viewer/formats/base64.h"

void base64_put(struct bytes *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) |
                        (i + 2 < len ? data[i + 2] : 0);
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        i + 1 < len ? digits[bits >> 6 & 63] : '=', i + 2 < len ? digits[bits & 63] : '='};
        bytes_put(out, four, sizeof(four));
    }
}
