/* Colours of flame graph boxes: a name always has the same one. */
#ifndef PREFLAME_VIEWER_SVG_PALETTE_H
#define PREFLAME_VIEWER_SVG_PALETTE_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SVG_CLASS_SIZE 8

/* The style class of a box: "r" for the root, "k"/"q" for pseudo frames like "[mutex]", else one of a warm
 * (running) or a blue (waiting) series, by a hash of the name. Writes to `ret` and returns it. */
const char *svg_class(const char *name, bool is_root, bool is_waiting, char ret[SVG_CLASS_SIZE]);
/* The same for a box that cost `before` and `after`: orange in five shades when it grew, blue when it shrank.
 */
const char *svg_change_class(int64_t before, int64_t after, char ret[SVG_CLASS_SIZE]);
/* Is it a word of --colors? */
bool svg_palette_is_known(const char *word);
/* Appends the CSS rules of all classes, for light and dark screens; what runs has the colours of a word of
 * --colors, NULL: "hot". */
void svg_put_palette(struct bytes *out, const char *word);
/* The same for the classes of changes. */
void svg_put_change_palette(struct bytes *out);

#endif
