/* Is a trace's metadata whole? Babeltrace 2.0 waits for ever on a packet that is cut short. */
#ifndef PREFLAME_VIEWER_METADATA_H
#define PREFLAME_VIEWER_METADATA_H

#include <stdbool.h>

/* Walks the packet headers of `trace_dir`/metadata (CTF 1.8 §7.1). True when every packet lies inside the
 * file, and for metadata in plain text, which has none. */
bool metadata_is_whole(const char *trace_dir);

#endif
