/* Judged before it is trusted: a helper may have been killed at any byte. */
#include "exporters/helper_answer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int helper_answer(const char *text, size_t *ret_head, char why[HELPER_WHY_BYTES])
{
    size_t len = strcspn(text, "\n");
    if (text[len] && len == 2 && strncmp(text, "ok", 2) == 0) {
        *ret_head = len + 1;
        return 0;
    }
    char *rest = NULL;
    long number = text[len] && strncmp(text, "error ", 6) == 0 ? strtol(text + 6, &rest, 10) : 0;
    if (number > 0 && number <= INT_MAX && *rest == ' ') {
        snprintf(why, HELPER_WHY_BYTES, "%.*s", (int)(text + len - rest - 1), rest + 1);
        return (int)-number;
    }
    snprintf(why, HELPER_WHY_BYTES, "the recorder failed");
    return -EIO;
}
