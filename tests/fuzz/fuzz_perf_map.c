/* Any bytes as a perf map: pieces make no difference, and no name is longer than a line. */
#include "exporters/symbols/perf_map.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESSES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
    if (!is_true)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint64_t addresses[ADDRESSES];
    for (uint64_t i = 0; i < ADDRESSES; i++)
        addresses[i] = i < ADDRESSES / 2 ? i * 16 : UINT64_MAX - (ADDRESSES - 1 - i);
    struct perf_map whole, pieces;
    check(perf_map_init(&whole, addresses, ADDRESSES) == 0 &&
          perf_map_init(&pieces, addresses, ADDRESSES) == 0);
    perf_map_feed(&whole, (const char *)data, size);
    size_t step = size ? 1 + data[0] % 7u : 1;
    for (size_t at = 0; at < size; at += step)
        perf_map_feed(&pieces, (const char *)data + at, size - at < step ? size - at : step);
    for (size_t i = 0; i < ADDRESSES; i++) {
        const char *a = perf_map_find(&whole, addresses[i]), *b = perf_map_find(&pieces, addresses[i]);
        check(!a == !b && (!a || (strcmp(a, b) == 0 && a[0] && strlen(a) < PERF_MAP_LINE_MAX)));
    }
    perf_map_clear(&whole);
    perf_map_clear(&pieces);
    return 0;
}
