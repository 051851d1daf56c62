/* What the internal commands of `preflame` answer those who started them. */
#ifndef PREFLAME_EXPORTERS_HELPER_ANSWER_H
#define PREFLAME_EXPORTERS_HELPER_ANSWER_H

#include "base/compiler.h"

#include <stddef.h>

#define HELPER_WHY_BYTES 160

/* Reads the line that an answer begins with: "ok", or "error NUMBER WHY" with an errno. 0, and *ret_head is
 * how long the line is, with its end; or negative errno, and `why` says why: -EIO without a whole line. Any
 * thread. */
int helper_answer(const char *text, size_t *ret_head, char why[HELPER_WHY_BYTES]) MUST_USE;

#endif
