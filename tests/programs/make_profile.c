/* Writes a fixed, known profile to argv[1]: two mappings, inlined frames, labels, two sample types, comments.
 * The truth that test_profile_model.py checks other readers against. */
#include "base/atomic_file.h"
#include "exporters/profile/profile.h"

#include <stdio.h>
#include <string.h>

#define PERIOD_NS 10000000 /* 100 Hz */
#define MAX_BYTES ((size_t)1 << 20)

enum frame { MAIN, SERVE, PARSE, COMPRESS, FRAMES };

static void add_symbolized_mapping(struct profile *p, uint64_t start, const char *file, const char *build_id)
{
    uint32_t index = profile_add_mapping(p, start, start + 0x10000, 0, file, build_id);
    if (p->error)
        return;
    struct profile_mapping *mapping = &p->mappings.data[index];
    mapping->has_functions = mapping->has_filenames = mapping->has_lines = mapping->has_inlines = true;
}

/* main calls serve, which calls parse (with skip_space inlined) and, in the library, compress. */
static void add_frames(struct profile *p, uint32_t locations[FRAMES])
{
    struct profile_line main_line = {profile_add_function(p, "main", "main", "/src/server.cc", 10), 12};
    struct profile_line serve = {
        profile_add_function(p, "http::serve", "_ZN4http5serveEv", "/src/server.cc", 20), 27};
    struct profile_line parse[] = {
        {profile_add_function(p, "http::skip_space", "_ZN4http10skip_spaceEv", "/src/parse.cc", 3), 5},
        {profile_add_function(p, "http::parse", "_ZN4http5parseEv", "/src/parse.cc", 30), 33},
    };
    struct profile_line compress = {profile_add_function(p, "compress", "compress", "/src/compress.c", 40),
                                    44};
    locations[MAIN] = profile_add_location(p, 0, 0x555500001000, &main_line, 1);
    locations[SERVE] = profile_add_location(p, 0, 0x555500001100, &serve, 1);
    locations[PARSE] = profile_add_location(p, 0, 0x555500001200, parse, 2);
    locations[COMPRESS] = profile_add_location(p, 1, 0x7fff00002000, &compress, 1);
}

static void add_samples(struct profile *p, const uint32_t locations[FRAMES])
{
    const struct profile_label worker[] = {
        {profile_string(p, "thread"), profile_string(p, "worker"), 0, 0},
        {profile_string(p, "tid"), 0, 42, profile_string(p, "id")},
    };
    const struct {
        uint32_t stack[3];
        uint32_t depth;
        int64_t count;
        uint32_t label_count;
    } rows[] = {
        {{locations[PARSE], locations[SERVE], locations[MAIN]}, 3, 30, 2},
        {{locations[COMPRESS], locations[SERVE], locations[MAIN]}, 3, 50, 2},
        {{locations[SERVE], locations[MAIN]}, 2, 15, 0},
        {{locations[MAIN]}, 1, 5, 0},
        {{locations[COMPRESS]}, 1, 0, 0}, /* measured nothing: must not be written */
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        profile_add_sample(p, rows[i].stack, rows[i].depth, worker, rows[i].label_count,
                           (const int64_t[]){rows[i].count, rows[i].count * PERIOD_NS});
}

static void fill(struct profile *p)
{
    profile_add_type(p, "samples", "count");
    profile_add_type(p, "cpu", "nanoseconds");
    p->period_type = (struct profile_type){profile_string(p, "cpu"), profile_string(p, "nanoseconds")};
    p->period = PERIOD_NS;
    p->time_ns = INT64_C(1700000000000000000);
    p->duration_ns = INT64_C(2000000000);
    profile_add_comment(p, "a comment");
    profile_add_comment(p, "another comment");
    add_symbolized_mapping(p, 0x555500000000, "/opt/example/server", "0123456789abcdef");
    add_symbolized_mapping(p, 0x7fff00000000, "/opt/example/libcompress.so.1", "fedcba9876543210");
    uint32_t locations[FRAMES];
    add_frames(p, locations);
    add_samples(p, locations);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "make_profile: wrong usage: name the file to write: make_profile FILE\n");
        return 2;
    }
    struct profile *p CLEANUP(profile_freep) = profile_new();
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, MAX_BYTES);
    int error = p ? 0 : -1;
    if (p) {
        fill(p);
        error = profile_encode_gzip(p, &out);
    }
    if (!error)
        error = atomic_file_write(argv[1], out.data, out.len, false);
    if (error) {
        fprintf(stderr, "make_profile: %s was not written: %s: check that its folder can be written to\n",
                argv[1], strerror(-error));
        return 1;
    }
    return 0;
}
