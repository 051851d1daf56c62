/* Small profiles over the fixtures, as the runtime would have recorded them. */
#ifndef PREFLAME_TEST_SYMBOLS_PROFILES_H
#define PREFLAME_TEST_SYMBOLS_PROFILES_H

#include "exporters/profile/profile.h"

#define LOADED_AT UINT64_C(0x7f1200000000)

/* A profile with one mapping: the executable segment of `layout` (a fixture with the same layout as `file`)
 * as the kernel would map it when loaded at `base`, called `file` and `build_id`. */
struct profile *profile_over(const char *layout, uint64_t base, const char *file, const char *build_id);
/* Adds a one-frame sample at `base` + the value of `symbol` in `layout` + `plus`; returns the location's
 * index. */
uint32_t profile_add_at(struct profile *p, const char *layout, uint64_t base, const char *symbol,
                        uint64_t plus);
/* The location whose address is `address`; fails the test when there is none. */
const struct profile_location *location_at(const struct profile *p, uint64_t address);
/* The function's shown name, raw name or file at line `depth` of a location. */
const char *shown_at(const struct profile *p, const struct profile_location *location, uint32_t depth);
const char *system_name_at(const struct profile *p, const struct profile_location *location, uint32_t depth);
const char *file_at(const struct profile *p, const struct profile_location *location, uint32_t depth);

#endif
