/* Text of strangers inside XML: what may stand there, and nothing that could end the text. */
#ifndef PREFLAME_VIEWER_XML_H
#define PREFLAME_VIEWER_XML_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

/* Reads one UTF-8 character from NUL-terminated `text`; *ret_size gets its bytes (at least 1). Returns U+FFFD
 * for bytes that are no UTF-8 and for characters that XML 1.0 forbids; line ends and tabs become a blank. */
uint32_t xml_character(const char *text, size_t *ret_size);
/* Appends `text` escaped for element content and for quoted attributes. */
void xml_put(struct bytes *out, const char *text);
/* The same, cut to `cells` columns of a fixed-width font, ending in an ellipsis if anything was left out.
 * Wide characters count two columns. */
void xml_put_cells(struct bytes *out, const char *text, size_t cells);

#endif
