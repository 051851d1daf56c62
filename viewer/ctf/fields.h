/* From a Babeltrace event to a struct trace_event: which field goes where is worked out once for each event
 * class. */
#ifndef PREFLAME_VIEWER_FIELDS_H
#define PREFLAME_VIEWER_FIELDS_H

#include "base/compiler.h"
#include "base/map.h"
#include "viewer/model/trace_event.h"

#include <babeltrace2/babeltrace.h>
#include <stddef.h>
#include <stdint.h>

#define FIELDS_MAX_NUMBERS 65536u /* of one sequence; the rest is left out */
#define FIELDS_MAX_PER_EVENT 24u

enum field_scope { SCOPE_COMMON_CONTEXT, SCOPE_SPECIFIC_CONTEXT, SCOPE_PAYLOAD, SCOPE_COUNT };

struct field_plan { /* one field to fetch */
    uint8_t scope;
    uint8_t shape;   /* private to fields.c */
    uint16_t offset; /* into struct trace_event */
    uint64_t index;  /* member of the scope's structure */
};

struct event_plan {
    char *full_name; /* owned */
    enum trace_event_kind kind;
    size_t count;
    struct field_plan fields[FIELDS_MAX_PER_EVENT];
};

struct fields {
    struct map by_class;       /* bt_event_class pointer → plan */
    struct event_plan **plans; /* owned */
    size_t count, room;
    uint64_t *numbers; /* owned: the sequence of the event at hand */
};

/* Starts a decoder; 0 or -ENOMEM. Event classes must outlive it. */
int fields_init(struct fields *f) MUST_USE;
void fields_clear(struct fields *f);
/* Fills *ret from the event, all but its times. 0 or -ENOMEM. Pointers in *ret live until the next call or
 * the end of the event, whichever is first. */
int fields_read(struct fields *f, const bt_event *event, struct trace_event *ret) MUST_USE;

#endif
