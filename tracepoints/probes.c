/* LTTng's generated probes of the catalogue in provider.h; no code of ours. */
#define LTTNG_UST_COMPAT_API_VERSION 1
#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_PROVIDER_HIDDEN_DEFINITION

/* The generated code keeps its own style: these warnings are about LTTng's macros. */
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#include "tracepoints/provider.h"
