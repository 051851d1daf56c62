/* Go's paths, by the names that preflame's profiles have. */
#include "viewer/cli/profile_path.h"

#include "base/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_OF_SAMPLING 30u /* as Go's default */

/* Those whose path isn't /debug/pprof/TYPE. */
static const struct {
    const char *type, *path;
} sampled[] = {
    {"cpu", "/debug/pprof/profile"}, {"profile", "/debug/pprof/profile"}, {"wall", "/debug/fgprof"}};

static unsigned seconds_in(const char *path)
{
    const char *query = strchr(path, '?');
    const char *word = query ? strstr(query, "seconds=") : NULL;
    unsigned long seconds = word ? strtoul(word + strlen("seconds="), NULL, 10) : 0;
    return seconds < PROFILE_SECONDS_MAX ? (unsigned)seconds : PROFILE_SECONDS_MAX;
}

static unsigned of_given(const char *path, unsigned seconds, char *ret)
{
    bool is_sampled = false;
    for (size_t i = 0; i < ARRAY_SIZE(sampled); i++)
        is_sampled |= strncmp(path, sampled[i].path, strlen(sampled[i].path)) == 0;
    unsigned said = seconds_in(path);
    if (said || !seconds) {
        snprintf(ret, PROFILE_PATH_BYTES, "%s", path);
        return said || !is_sampled ? said : SECONDS_OF_SAMPLING;
    }
    snprintf(ret, PROFILE_PATH_BYTES, "%s%cseconds=%u", path, strchr(path, '?') ? '&' : '?', seconds);
    return seconds;
}

unsigned profile_path(const struct endpoint *endpoint, const char *type, unsigned seconds,
                      char ret[PROFILE_PATH_BYTES])
{
    if (endpoint->path[0])
        return of_given(endpoint->path, seconds, ret);
    char path[ENDPOINT_URL_BYTES];
    snprintf(path, sizeof(path), "/debug/pprof/%.200s", type);
    for (size_t i = 0; i < ARRAY_SIZE(sampled); i++) {
        if (strcmp(type, sampled[i].type) == 0) {
            snprintf(path, sizeof(path), "%s", sampled[i].path);
            seconds = seconds ? seconds : SECONDS_OF_SAMPLING;
        }
    }
    return of_given(path, seconds, ret);
}
