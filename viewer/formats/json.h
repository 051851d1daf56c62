/* Text of strangers inside JSON. */
#ifndef PREFLAME_VIEWER_JSON_H
#define PREFLAME_VIEWER_JSON_H

#include "base/bytes.h"

/* Appends `text` as a JSON string with its quotes: always valid UTF-8, nothing that could end a script
 * element. */
void json_put(struct bytes *out, const char *text);

#endif
