/* Any bytes as a connection and as an Authorization header: pieces make no difference, only a token opens. */
#include "exporters/http/access.h"
#include "exporters/http/framing.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char token[] = "a token that nobody guesses";
    struct framing whole = {.phase = FRAMING_BETWEEN}, pieces = {.phase = FRAMING_BETWEEN};
    framing_feed(&whole, data, size);
    size_t step = size ? 1 + data[0] % 7u : 1;
    for (size_t at = 0; at < size; at += step)
        framing_feed(&pieces, data + at, size - at < step ? size - at : step);
    if (whole.phase != pieces.phase || whole.heads != pieces.heads || whole.is_refused != pieces.is_refused ||
        whole.body_left != pieces.body_left || (whole.is_refused && whole.phase != FRAMING_REST))
        abort();
    char *text = malloc(size + 1); /* exactly as long, so that any overrun is seen */
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (access_has_token(text, token) && !strstr(text, token) && strncasecmp(text, "basic ", 6) != 0)
        abort();
    free(text);
    return 0;
}
