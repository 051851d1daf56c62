/* Fuzzes profile_decode; what it accepts must survive a round trip and arithmetic. */
#include "exporters/profile/profile.h"

#include <stdlib.h>

#define MAX_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
    if (!is_true)
        abort();
}

/* The wire form of what was decoded must be readable again, and nothing may get lost on the way. */
static void check_round_trip(const struct profile *p)
{
    struct bytes first CLEANUP(bytes_clear), second CLEANUP(bytes_clear);
    bytes_init(&first, MAX_BYTES * 8);
    bytes_init(&second, MAX_BYTES * 8);
    check(profile_encode(p, &first) == 0);
    struct profile *again CLEANUP(profile_freep) = NULL;
    check(profile_decode(first.data, first.len, MAX_BYTES * 8, &again, NULL) == 0);
    check(again->types.count == p->types.count);
    check(again->samples.count <= p->samples.count);
    check(again->comments.count == p->comments.count);
    check(profile_encode(again, &second) == 0);
}

static void check_arithmetic(const struct profile *p)
{
    struct profile *sum CLEANUP(profile_freep) = profile_new();
    check(sum != NULL);
    check(profile_merge(sum, p, 1) == 0);
    check(sum->samples.count <= p->samples.count);
    check(profile_merge(sum, p, -1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why = NULL;
    struct profile *tight CLEANUP(profile_freep) = NULL;
    if (profile_decode(data, size, size / 64, &tight, &why) != 0)
        check(why != NULL && !tight);
    struct profile *p CLEANUP(profile_freep) = NULL;
    why = NULL;
    if (profile_decode(data, size, MAX_BYTES, &p, &why) != 0) {
        check(why != NULL && !p);
        return 0;
    }
    check_round_trip(p);
    check_arithmetic(p);
    return 0;
}
