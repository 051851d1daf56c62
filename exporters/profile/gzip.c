/* gzip, one member in and one member out; the same input always gives the same bytes (no time stamp, no
 * name). */
#include "exporters/profile/profile.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* the largest window; + 16 asks zlib for gzip's header and trailer */
#define GZIP_MEMORY_LEVEL 8        /* zlib's default */
#define CHUNK_BYTES ((size_t)64 * 1024)

/* Where zlib reads: it counts in unsigned int, we in size_t. */
struct input {
    const uint8_t *at;
    size_t left;
    uint8_t surplus; /* where a byte too many would go */
};

static void refill(z_stream *stream, struct input *input)
{
    if (stream->avail_in || !input->left)
        return;
    uInt taken = input->left < UINT_MAX ? (uInt)input->left : UINT_MAX;
    stream->next_in = (z_const Bytef *)(uintptr_t)input->at; /* zlib's type isn't const; it doesn't write */
    stream->avail_in = taken;
    input->at += taken;
    input->left -= taken;
}

/* Points zlib at fresh room in `out`, a chunk or what the cap leaves. Returns its size, 0 when there is none.
 */
static size_t offer_room(z_stream *stream, struct bytes *out)
{
    size_t room = out->len < out->max ? out->max - out->len : 0;
    if (room > CHUNK_BYTES)
        room = CHUNK_BYTES;
    stream->next_out = room ? bytes_reserve(out, room) : NULL;
    stream->avail_out = stream->next_out ? (uInt)room : 0;
    return stream->avail_out;
}

int gzip_bytes(const void *data, size_t len, struct bytes *out)
{
    if (out->error)
        return out->error;
    size_t start = out->len;
    z_stream stream = {0};
    struct input input = {.at = data, .left = len};
    /* The fastest level, as Go's profiles use: this runs inside the process that is measured. */
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    int state = Z_OK;
    while (state == Z_OK) {
        size_t room = offer_room(&stream, out);
        if (!room)
            break;
        refill(&stream, &input);
        state = deflate(&stream, input.left ? Z_NO_FLUSH : Z_FINISH);
        out->len += room - stream.avail_out;
    }
    deflateEnd(&stream);
    if (state == Z_STREAM_END) {
        out->data[out->len] = 0;
        return 0;
    }
    out->len = start;
    return out->error ? out->error : -EFBIG;
}

/* The cap is reached: 0 when the stream ends exactly here, -EFBIG when it has more to say. */
static int finish_at_cap(z_stream *stream, struct input *input, int *state)
{
    stream->next_out = &input->surplus;
    stream->avail_out = 1;
    do {
        refill(stream, input);
        *state = inflate(stream, Z_NO_FLUSH);
    } while (*state == Z_OK && stream->avail_out && (stream->avail_in || input->left));
    return stream->avail_out ? 0 : -EFBIG;
}

static int inflate_all(z_stream *stream, struct input *input, struct bytes *out)
{
    int state = Z_OK;
    while (state == Z_OK) {
        size_t room = offer_room(stream, out);
        if (out->error)
            return out->error;
        if (!room) {
            int error = finish_at_cap(stream, input, &state);
            if (error)
                return error;
            break;
        }
        refill(stream, input);
        state = inflate(stream, Z_NO_FLUSH);
        out->len += room - stream->avail_out;
        if (state == Z_OK && stream->avail_out && !stream->avail_in && !input->left)
            return -ENODATA;
    }
    if (state == Z_STREAM_END)
        return stream->avail_in || input->left ? -EBADMSG : 0;
    if (state == Z_MEM_ERROR)
        return -ENOMEM;
    return state == Z_OK || state == Z_BUF_ERROR ? -ENODATA : -EINVAL;
}

int gunzip_bytes(const void *data, size_t len, struct bytes *out)
{
    if (out->error)
        return out->error;
    size_t start = out->len;
    z_stream stream = {0};
    struct input input = {.at = data, .left = len};
    if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK)
        return -ENOMEM;
    int error = inflate_all(&stream, &input, out);
    inflateEnd(&stream);
    if (error)
        out->len = start;
    if (out->data)
        out->data[out->len] = 0;
    return error;
}
