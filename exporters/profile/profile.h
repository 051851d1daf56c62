/* The pure pprof model: what a profile is, in memory. No clock, file, thread or environment; bytes and
 * structs only.
 *
 * Everything refers to everything by index into the arrays below; strings are indexes into `strings` (0 is
 * ""). On the wire (profile.proto, https://github.com/google/pprof/blob/main/proto/profile.proto) ids are
 * index + 1. */
#ifndef PREFLAME_EXPORTERS_PROFILE_H
#define PREFLAME_EXPORTERS_PROFILE_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROFILE_NONE UINT32_MAX /* "no mapping" of a location */

struct profile_type {
    uint32_t type; /* string: "cpu" */
    uint32_t unit; /* string: "nanoseconds" */
};

struct profile_mapping {
    uint64_t start, limit, offset; /* as in /proc/PID/maps: page-aligned, limit exclusive */
    uint32_t file;                 /* string: path without " (deleted)" */
    uint32_t build_id;             /* string: lower-case hex, or 0 */
    bool has_functions, has_filenames, has_lines, has_inlines;
};

struct profile_function {
    uint32_t name;        /* string: demangled, as shown */
    uint32_t system_name; /* string: as in the symbol table */
    uint32_t file;        /* string */
    int64_t start_line;
};

struct profile_line {
    uint32_t function; /* index into functions */
    int64_t line;      /* 0 = unknown */
};

struct profile_location {
    uint32_t mapping; /* index into mappings, or PROFILE_NONE */
    uint64_t address; /* absolute pc in the process: exact for a leaf, return address - 1 for callers */
    uint32_t first_line, line_count; /* slice of `lines`; line[0] is the innermost inlined frame */
};

struct profile_label {
    uint32_t key;  /* string */
    uint32_t text; /* string; 0 when numeric */
    int64_t number;
    uint32_t unit; /* string: unit of the number; always set for numbers (pprof loses a unit-less 0) */
};

struct profile_sample {
    uint32_t first_location, location_count; /* slice of `sample_locations`, leaf first */
    uint32_t first_label, label_count;       /* slice of `labels` */
    uint32_t first_value;                    /* slice of `values`, one per sample type */
};

/* One growable array: `data` is owned, `count` used, `room` allocated. */
#define PROFILE_ARRAY(T)                                                                                     \
    struct {                                                                                                 \
        T *data;                                                                                             \
        size_t count, room;                                                                                  \
    }

struct profile {
    PROFILE_ARRAY(char *) strings; /* owned, NUL-terminated, valid UTF-8; strings.data[0] is "" */
    PROFILE_ARRAY(struct profile_type) types;
    PROFILE_ARRAY(struct profile_mapping) mappings; /* [0] is the main executable */
    PROFILE_ARRAY(struct profile_function) functions;
    PROFILE_ARRAY(struct profile_line) lines;
    PROFILE_ARRAY(struct profile_location) locations;
    PROFILE_ARRAY(struct profile_sample) samples;
    PROFILE_ARRAY(uint32_t) sample_locations;
    PROFILE_ARRAY(struct profile_label) labels;
    PROFILE_ARRAY(int64_t) values;
    PROFILE_ARRAY(uint32_t) comments; /* strings */
    struct profile_type period_type;
    int64_t period;
    int64_t time_ns; /* CLOCK_REALTIME at the start */
    int64_t duration_ns;
    uint32_t default_type;                                         /* string, or 0 */
    uint32_t drop_frames, keep_frames;                             /* strings, or 0 */
    struct map string_ids, function_ids, location_ids, sample_ids; /* interning */
    struct bytes scratch; /* a key or a repaired string under construction */
    int error; /* 0, or the first failure (-ENOMEM, -E2BIG, -EINVAL for a bad index): sticky; encode refuses a
                  failed profile */
};

/* No function below is signal-safe. A profile has no lock: one thread at a time, or many that only read. */

/* --- life (profile.c) --- */

/* An empty profile, or NULL without memory. */
struct profile *profile_new(void) MUST_USE;
/* Frees the profile and all it owns. NULL is fine. */
void profile_free(struct profile *p);
/* For CLEANUP(profile_freep). */
void profile_freep(struct profile **p);

/* --- building: calls return an index and never fail visibly, p->error is sticky */

/* Interns `text` (NULL is ""). Each run of bytes that are not UTF-8, and of NULs, becomes one U+FFFD. */
uint32_t profile_string(struct profile *p, const char *text);
uint32_t profile_string_n(struct profile *p, const char *text, size_t len);
/* The string at `index`, "" when out of range. */
const char *profile_text(const struct profile *p, uint32_t index);
void profile_add_type(struct profile *p, const char *type, const char *unit);
/* Appends a mapping (build_id as hex text or ""). Never merges. */
uint32_t profile_add_mapping(struct profile *p, uint64_t start, uint64_t limit, uint64_t offset,
                             const char *file, const char *build_id);
/* Interns by all four fields. */
uint32_t profile_add_function(struct profile *p, const char *name, const char *system_name, const char *file,
                              int64_t start_line);
/* Interns by mapping, address and lines. `lines` may be NULL when count is 0 (an address not yet symbolized).
 */
uint32_t profile_add_location(struct profile *p, uint32_t mapping, uint64_t address,
                              const struct profile_line *lines, uint32_t line_count);
/* Adds `values` (one per type) to the sample with these locations (leaf first) and labels (in any order),
 * made if missing. All types must have been added before. A number without a unit gets "count" ("bytes" for
 * the keys that heap profiles use). Sums stop at the ends of int64_t. */
void profile_add_sample(struct profile *p, const uint32_t *locations, uint32_t location_count,
                        const struct profile_label *labels, uint32_t label_count, const int64_t *values);
void profile_add_comment(struct profile *p, const char *text);
/* The mapping that holds `address`, the last added one if several did, or PROFILE_NONE. */
uint32_t profile_find_mapping(const struct profile *p, uint64_t address);

/* --- bytes (encode.c, decode.c, from_wire.c, gzip.c) --- */

/* Serialized profile.proto, uncompressed, appended to `out`; only what samples use, and always mapping 0. 0,
 * the profile's own error, -EINVAL (an index out of range) or what `out` says; on failure `out` keeps its old
 * length. */
int profile_encode(const struct profile *p, struct bytes *out) MUST_USE;
/* The same, gzip-compressed: what a .pprof file is. */
int profile_encode_gzip(const struct profile *p, struct bytes *out) MUST_USE;
/* Reads a profile, compressed or not. Everything is checked as pprof's CheckValid does; at most `max_bytes`
 * are uncompressed and at most 16 times as many allocated for the message on the way. Equal samples become
 * one. 0, -EINVAL, -EFBIG or -ENOMEM; on failure *ret_why, if not NULL, points at a static sentence. */
int profile_decode(const void *data, size_t len, size_t max_bytes, struct profile **ret,
                   const char **ret_why) MUST_USE;
/* gzip of `len` bytes, appended to `out` (whose cap bounds the result). 0, -EFBIG or -ENOMEM. */
int gzip_bytes(const void *data, size_t len, struct bytes *out) MUST_USE;
/* The reverse, for exactly one gzip member. 0, -EINVAL (not gzip, or damaged), -ENODATA (cut short), -EBADMSG
 * (something follows the member), -EFBIG or -ENOMEM. */
int gunzip_bytes(const void *data, size_t len, struct bytes *out) MUST_USE;

/* --- arithmetic (merge.c) --- */

/* Adds `scale` times every sample of `from` to `into` (scale -1 subtracts). Mappings are matched by build id
 * (or file), size and offset; functions by name and file. An empty `into` takes the types of `from`;
 * otherwise the sample types must be equal: -EINVAL, as for merging a profile with itself. Samples whose
 * values are all zero afterwards stay; encode leaves them out. Adding also takes the earlier start, sums the
 * durations and joins the comments; subtracting leaves those of `into`. A mapping with functions is never
 * matched with one without: pprof symbolizes a mapping as a whole. Other failures are sticky in into->error.
 */
int profile_merge(struct profile *into, const struct profile *from, int64_t scale) MUST_USE;

#endif
