/* Paths as Go's router wants them. Pure. */
#ifndef PREFLAME_EXPORTERS_HTTP_PATH_H
#define PREFLAME_EXPORTERS_HTTP_PATH_H

#include "base/bytes.h"

/* Takes "//", "/./" and "/../" out of `path`, which begins with a slash; a slash at its end stays. In place.
 * Any thread. */
void http_path_clean(char *path);
/* Appends `path` with % escapes where Go's URL.String writes them. Any thread. */
void http_path_escape(struct bytes *out, const char *path);
/* Appends `text` with the escapes of Go's html.EscapeString. Any thread. */
void http_html_escape(struct bytes *out, const char *text);

#endif
