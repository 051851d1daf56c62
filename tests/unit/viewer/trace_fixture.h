/* Events for tests of the trace model. */
#ifndef PREFLAME_TESTS_VIEWER_TRACE_FIXTURE_H
#define PREFLAME_TESTS_VIEWER_TRACE_FIXTURE_H

#include "fixture.h"
#include "viewer/model/trace.h"

/* Feeds one event; texts that are not given are empty, as a reader leaves them. */
static inline void feed_event(struct trace *t, struct trace_event event)
{
    event.full_name = "preflame:test";
    event.exe = event.exe ? event.exe : "";
    event.cmdline = event.cmdline ? event.cmdline : "";
    event.path = event.path ? event.path : "";
    event.name = event.name ? event.name : "";
    event.category = event.category ? event.category : "";
    event.message = event.message ? event.message : "";
    event.source = event.source ? event.source : "";
    event.problem = event.problem ? event.problem : "";
    trace_event(t, &event);
}

#define FEED(t, event_kind, time, process_id, thread_id, ...)                                                \
    feed_event(t, (struct trace_event){.kind = (event_kind),                                                 \
                                       .time_ns = (time),                                                    \
                                       .vpid = (process_id),                                                 \
                                       .vtid = (thread_id),                                                  \
                                       __VA_ARGS__})

#endif
