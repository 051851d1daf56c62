/* Bytes to message: gunzips and parses without trusting the input with memory. What it means is
 * from_wire.c's. */
#include "exporters/profile/wire.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* An honest message takes up to about ten times its length when unpacked; an adversary's empty submessages,
 * two bytes each, would take eighty. Whoever sets the cap on the input so sets the cap on this, too. */
#define MEMORY_FACTOR 16
#define MEMORY_MIN_BYTES ((size_t)64 * 1024)

/* What protobuf-c may allocate. Each block begins with its size, so that freeing gives it back. */
struct budget {
    size_t left;
    bool is_exceeded, is_out_of_memory;
};

union block {
    size_t size;
    max_align_t alignment;
};

static void *budget_alloc(void *context, size_t size)
{
    struct budget *budget = context;
    if (size > budget->left || sizeof(union block) > budget->left - size) {
        budget->is_exceeded = true;
        return NULL;
    }
    union block *block = malloc(sizeof(*block) + size);
    if (!block) {
        budget->is_out_of_memory = true;
        return NULL;
    }
    block->size = size;
    budget->left -= sizeof(*block) + size;
    return block + 1;
}

static void budget_free(void *context, void *data)
{
    if (!data)
        return;
    struct budget *budget = context;
    union block *block = (union block *)data - 1;
    budget->left += sizeof(*block) + block->size;
    free(block);
}

static const char *sentence_of(int error)
{
    switch (error) {
    case -EFBIG:
        return "the profile is larger than allowed";
    case -E2BIG:
        return "the profile has too many entries";
    case -ENOMEM:
        return "out of memory";
    case -ENODATA:
        return "the gzip data ends too early: the file was cut short";
    case -EBADMSG:
        return "something follows the gzip data: concatenated profiles?";
    default:
        return "the gzip data is damaged";
    }
}

static int decode_plain(const void *data, size_t len, size_t max_bytes, struct profile **ret,
                        const char **ret_why)
{
    struct budget budget = {.left = max_bytes * MEMORY_FACTOR + MEMORY_MIN_BYTES};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    wire_profile *wire = preflame__pprof__profile__unpack(&allocator, len, data);
    if (!wire && budget.is_exceeded)
        return -EFBIG;
    if (!wire && budget.is_out_of_memory)
        return -ENOMEM;
    if (!wire) {
        *ret_why = "not a profile: it cannot be parsed as profile.proto";
        return -EINVAL;
    }
    int error = profile_from_wire(wire, ret, ret_why);
    preflame__pprof__profile__free_unpacked(wire, &allocator);
    return error;
}

/* Checks the size, gunzips what is gzip, and goes on with the rest. */
static int decode(const uint8_t *data, size_t len, size_t max_bytes, struct profile **ret,
                  const char **ret_why)
{
    if (!len) {
        *ret_why = "the file is empty";
        return -EINVAL;
    }
    if (len < 2 || data[0] != 0x1f || data[1] != 0x8b)
        return len > max_bytes ? -EFBIG : decode_plain(data, len, max_bytes, ret, ret_why);
    struct bytes plain CLEANUP(bytes_clear);
    bytes_init(&plain, max_bytes);
    int error = gunzip_bytes(data, len, &plain);
    if (error)
        return error;
    if (!plain.len) {
        *ret_why = "the file is empty";
        return -EINVAL;
    }
    return decode_plain(plain.data, plain.len, max_bytes, ret, ret_why);
}

int profile_decode(const void *data, size_t len, size_t max_bytes, struct profile **ret, const char **ret_why)
{
    const char *why = NULL;
    if (max_bytes > INT32_MAX) /* protobuf's own limit */
        max_bytes = INT32_MAX;
    int error = decode(data, len, max_bytes, ret, &why);
    if (!error)
        return 0;
    if (ret_why)
        *ret_why = why ? why : sentence_of(error);
    if (error == -E2BIG)
        return -EFBIG;
    return error == -EFBIG || error == -ENOMEM ? error : -EINVAL;
}
