/* Splitting loses nothing: profiles of the same series and time are added up. A part is the whole profile
 * with a slice of its samples, as encoding leaves out what they don't use. */
#include "viewer/cli/push_limits.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void push_put_name(struct bytes *out, const char *name)
{
    for (; *name; name++)
        bytes_put(out, is_word(*name) || strchr(".-/", *name) ? name : "_", 1);
}

static void cut_texts(struct profile *p, struct push_cuts *cuts)
{
    for (size_t i = 0; i < p->strings.count; i++) {
        char *text = p->strings.data[i];
        size_t len = strlen(text);
        if (len <= PUSH_TEXT_MAX)
            continue;
        for (len = PUSH_TEXT_MAX; ((unsigned char)text[len] & 0xc0) == 0x80; len--)
            ; /* to the beginning of a character */
        text[len] = 0;
        cuts->details++;
    }
}

static void cut_samples(struct profile *p, struct push_cuts *cuts)
{
    for (size_t i = 0; i < p->samples.count; i++) {
        struct profile_sample *sample = &p->samples.data[i];
        bool is_cut = sample->location_count > PUSH_DEPTH_MAX || sample->label_count > PUSH_LABELS_MAX;
        if (sample->location_count > PUSH_DEPTH_MAX)
            sample->location_count = PUSH_DEPTH_MAX;
        if (sample->label_count > PUSH_LABELS_MAX)
            sample->label_count = PUSH_LABELS_MAX;
        cuts->details += is_cut;
    }
}

/* Names of types are parts of queries there. */
static void rename_types(struct profile *p)
{
    for (size_t i = 0; i < p->types.count; i++) {
        struct bytes name CLEANUP(bytes_clear);
        bytes_init(&name, PUSH_TEXT_MAX);
        for (const char *at = profile_text(p, p->types.data[i].type); *at; at++)
            bytes_put(&name, is_word(*at) ? at : "_", 1);
        p->types.data[i].type = profile_string(p, bytes_text(&name));
    }
}

static uint64_t cost(const struct profile *p, const struct profile_sample *sample)
{
    int64_t value = p->types.count ? p->values.data[sample->first_value + p->types.count - 1] : 0;
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

static int by_cost(const void *left, const void *right, void *context)
{
    uint64_t a = cost(context, left), b = cost(context, right);
    return (a < b) - (a > b);
}

/* The samples from `first` on, *count at most, which becomes how many fit into `out`; -EFBIG when one alone
 * is too big. */
static int encode_part(const struct profile *p, size_t first, size_t *count, struct bytes *out)
{
    for (;; *count /= 2) {
        struct profile part = *p;
        part.samples.data += first;
        part.samples.count = *count;
        bytes_clear(out);
        int error = profile_encode(&part, out);
        if (error != -EFBIG || *count <= 1)
            return error;
    }
}

static int send_parts(const struct profile *p, int (*each)(void *context, const struct bytes *pprof),
                      void *context, struct push_cuts *cuts)
{
    struct bytes raw CLEANUP(bytes_clear), pprof CLEANUP(bytes_clear);
    bytes_init(&raw, PUSH_BYTES_MAX);
    bytes_init(&pprof, PUSH_BYTES_MAX + (PUSH_BYTES_MAX >> 4));
    size_t first = 0, most = PUSH_SAMPLES_MAX, all = p->samples.count;
    int error = 0, parts = 0;
    do {
        size_t count = all - first < most ? all - first : most;
        error = encode_part(p, first, &count, &raw);
        bool is_too_big = error == -EFBIG;
        cuts->samples += is_too_big ? count : 0;
        most = is_too_big ? most : count;
        first += count;
        bytes_clear(&pprof);
        if (!error)
            error = gzip_bytes(raw.data, raw.len, &pprof);
        if (!error)
            error = each(context, &pprof);
        error = is_too_big ? 0 : error;
    } while (!error && first < all && ++parts < PUSH_PARTS_MAX);
    cuts->samples += error ? 0 : all - first;
    return error;
}

int push_fit(struct profile *profile, int64_t now_s, int (*each)(void *context, const struct bytes *pprof),
             void *context, struct push_cuts *cuts)
{
    cut_texts(profile, cuts);
    cut_samples(profile, cuts);
    rename_types(profile);
    if (profile->time_ns / NS_PER_S < now_s - PUSH_AGE_MAX_S || profile->time_ns / NS_PER_S > now_s)
        profile->time_ns = now_s * NS_PER_S;
    if (profile->error)
        return profile->error;
    if (profile->samples.count)
        qsort_r(profile->samples.data, profile->samples.count, sizeof(*profile->samples.data), by_cost,
                profile);
    return send_parts(profile, each, context, cuts);
}
