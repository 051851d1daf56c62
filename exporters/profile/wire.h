/* Short names for the generated messages, and the step from message to model; private to this folder. */
#ifndef PREFLAME_EXPORTERS_PROFILE_WIRE_H
#define PREFLAME_EXPORTERS_PROFILE_WIRE_H

#include "exporters/profile/profile.h"
#include "profile.pb-c.h"

typedef Preflame__Pprof__Profile wire_profile;
typedef Preflame__Pprof__ValueType wire_type;
typedef Preflame__Pprof__Sample wire_sample;
typedef Preflame__Pprof__Label wire_label;
typedef Preflame__Pprof__Mapping wire_mapping;
typedef Preflame__Pprof__Location wire_location;
typedef Preflame__Pprof__Line wire_line;
typedef Preflame__Pprof__Function wire_function;

/* Builds the model of a message that nobody has checked yet. *ret is the caller's to free. 0, -EINVAL
 * (*ret_why says why) or -ENOMEM/-E2BIG; outputs are untouched otherwise. Not signal-safe. Any thread. */
int profile_from_wire(const wire_profile *wire, struct profile **ret, const char **ret_why) MUST_USE;

#endif
