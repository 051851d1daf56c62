/* Bytes to message: gunzips and parses without trusting the input with memory. What it means is
 * from_wire.c's. */
#include "exporters/profile/wire.h"

#include "base/block.h"

#include <errno.h>
#include <stddef.h>

/* An honest message takes up to about ten times its length when unpacked; an adversary's empty submessages,
 * two bytes each, would take eighty. Whoever sets the cap on the input so sets the cap on this, too. */
#define MEMORY_FACTOR 16
#define MEMORY_MIN_BYTES ((size_t)64 * 1024)

/* Memory is taken in pieces of this size, and given back as a whole. */
#define CHUNK_BYTES ((size_t)1024 * 1024)

union block {
    size_t size;
    max_align_t alignment;
};

struct chunk {
    struct chunk *next;
    size_t size, used; /* bytes, this head included */
    _Alignas(max_align_t) uint8_t blocks[];
};

/* What protobuf-c may allocate. Each block begins with its size, so that freeing gives it back to the budget;
 * its memory stays in the chunk until the end. */
struct budget {
    size_t left;
    size_t chunks_left; /* bytes of chunks to come */
    bool is_exceeded, is_out_of_memory;
    struct chunk *chunks; /* owned; the last one first */
};

static void budget_clear(struct budget *budget)
{
    while (budget->chunks) {
        struct chunk *chunk = budget->chunks;
        budget->chunks = chunk->next;
        block_free(chunk, chunk->size);
    }
}

/* Begins a chunk with room for `size` bytes. */
static bool add_chunk(struct budget *budget, size_t size)
{
    size_t bytes = sizeof(struct chunk) + size < CHUNK_BYTES ? CHUNK_BYTES : sizeof(struct chunk) + size;
    budget->is_exceeded = bytes > budget->chunks_left;
    struct chunk *chunk = budget->is_exceeded ? NULL : block_new(bytes);
    budget->is_out_of_memory = !budget->is_exceeded && !chunk;
    if (!chunk)
        return false;
    budget->chunks_left -= bytes;
    *chunk = (struct chunk){.next = budget->chunks, .size = bytes, .used = sizeof(*chunk)};
    budget->chunks = chunk;
    return true;
}

static void *budget_alloc(void *context, size_t size)
{
    struct budget *budget = context;
    if (size > budget->left || 2 * sizeof(union block) > budget->left - size) {
        budget->is_exceeded = true;
        return NULL;
    }
    size_t whole = (size + 2 * sizeof(union block) - 1) / sizeof(union block) * sizeof(union block);
    if ((!budget->chunks || whole > budget->chunks->size - budget->chunks->used) && !add_chunk(budget, whole))
        return NULL;
    struct chunk *chunk = budget->chunks;
    union block *block = (void *)((uint8_t *)chunk + chunk->used);
    chunk->used += whole;
    block->size = whole;
    budget->left -= whole;
    return block + 1;
}

static void budget_free(void *context, void *data)
{
    struct budget *budget = context;
    if (data)
        budget->left += ((union block *)data - 1)->size;
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
    size_t most = max_bytes * MEMORY_FACTOR + MEMORY_MIN_BYTES;
    struct budget budget CLEANUP(budget_clear) = {.left = most, .chunks_left = 2 * most + CHUNK_BYTES};
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
    return profile_from_wire(wire, ret, ret_why); /* the message goes with the budget */
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
