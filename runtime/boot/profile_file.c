/* Names and bytes: as the HTTP room does it, but waiting. */
#include "boot/profile_file.h"

#include "base/atomic_file.h"
#include "boot/services.h"
#include "exporters/local_names.h"
#include "pipeline/keeper.h"

#include <errno.h>

#define PROFILE_BYTES_MAX ((size_t)256 << 20)
#define SYMBOLIZE_TIMEOUT_NS (INT64_C(10) * 1000000000)

/* The profile with names, by the helper; by symbol tables when that fails. What holds no sample needs none:
 * most children of a shell, say. */
static int encode(struct profile *profile, struct bytes *out)
{
    const struct helper_command *helper = profile->samples.count ? services_symbolizer() : NULL;
    struct bytes raw;
    bytes_init(&raw, PROFILE_BYTES_MAX);
    int error = profile_encode(profile, &raw);
    if (!error && helper) {
        keeper_progress(true);
        error = helper_run(helper, raw.data, raw.len, SYMBOLIZE_TIMEOUT_NS, out);
        keeper_progress(false);
        struct profile *named = NULL;
        if (!error)
            error = profile_decode(out->data, out->len, PROFILE_BYTES_MAX, &named, NULL);
        profile_free(named);
    } else {
        error = -ENOENT;
    }
    bytes_clear(&raw);
    if (!error)
        return 0;
    bytes_clear(out);
    local_names_finish(profile);
    return profile_encode_gzip(profile, out);
}

int profile_file_write(struct profile *profile, const char *path)
{
    struct bytes out CLEANUP(bytes_clear);
    bytes_init(&out, PROFILE_BYTES_MAX);
    int error = encode(profile, &out);
    keeper_progress(false);
    return error ? error : atomic_file_write(path, out.data, out.len, false);
}
