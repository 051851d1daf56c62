/* JSON text, written into a buffer: the demo server's favourite way to burn CPU. */
#ifndef PREFLAME_DEMO_JSON_H
#define PREFLAME_DEMO_JSON_H

#include "base/bytes.h"
#include "tests/demo_server/users.h"

/* Appends the text as a JSON string with its quotes; UTF-8 passes unchanged. Errors stick in `out`. */
void json_escape(struct bytes *out, const char *text);
/* Appends a whole number. */
void json_append_number(struct bytes *out, uint64_t number);
/* Appends a user as a JSON object. */
void json_append_user(struct bytes *out, const struct user_view *user);

#endif
