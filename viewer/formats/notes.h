/* What is missing from a report, in words: nothing is lost silently. */
#ifndef PREFLAME_VIEWER_NOTES_H
#define PREFLAME_VIEWER_NOTES_H

#include "base/bytes.h"
#include "viewer/model/report.h"

/* Appends one clause for each thing that was lost, skipped or cut, each preceded by `separator`; nothing when
 * all is there. */
void notes_put(struct bytes *out, const struct report *report, const char *separator);

#endif
