/* A process to serve that does nothing: what tests of the HTTP room look into. */
#ifndef PREFLAME_TESTS_FAKE_SOURCE_H
#define PREFLAME_TESTS_FAKE_SOURCE_H

#include "exporters/http/source.h"

#include <stdatomic.h>

struct fake_source {
    atomic_int starts, stops, local_finishes; /* how often the server called */
    atomic_int takes;
    atomic_int hz;             /* of the last start */
    long self_bytes;           /* how long the text about itself is, at least */
    struct http_source source; /* give this to the server */
};

void fake_source_init(struct fake_source *fake);
/* A profile of one sample in two named functions, owned by the caller. */
struct profile *fake_profile(void);

#endif
