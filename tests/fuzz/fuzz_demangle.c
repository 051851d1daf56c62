/* Any text as a symbol: its short form is a text, and no longer than demanglers can make it. */
#include "exporters/symbols/symbolize.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    char *name = demangle_short(text);
    if (name && !name[0] && text[0])
        abort();
    free(name);
    free(text);
    return 0;
}
