/* What recording a command and recording a process that runs share. Private to `preflame record`. */
#ifndef PREFLAME_VIEWER_CLI_RECORD_H
#define PREFLAME_VIEWER_CLI_RECORD_H

#include "base/compiler.h"
#include "viewer/session/recording.h"

/* One line, where a terminal is looked at. */
void record_progress(const char *text);
/* Ends the recording, and says how many events it has and lost, and where it is. */
void record_finish(struct recording *recording);

/* Records the process that `target` names, into `directory` (NULL: a default), for so many seconds, or with 0
 * until a signal comes. An exit status. */
int record_attach(const char *target, const char *directory, int seconds) MUST_USE;

#endif
