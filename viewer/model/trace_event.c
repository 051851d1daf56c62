/* Event kinds by name. */
#include "viewer/model/trace_event.h"

#include <string.h>

enum trace_event_kind trace_event_kind_of(const char *full_name)
{
    static const struct {
        const char *name;
        enum trace_event_kind kind;
    } kinds[] = {
#define TRACE_EVENT_ROW(symbol, text) {"preflame:" text, TRACE_##symbol},
        TRACE_EVENTS(TRACE_EVENT_ROW)
#undef TRACE_EVENT_ROW
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, full_name) == 0)
            return kinds[i].kind;
    return TRACE_FOREIGN;
}
