/* One CPU profile at a time, as everybody's. */
#include "boot/program_profile.h"

#include "boot/control.h"
#include "boot/profile_file.h"
#include "boot/profiles.h"
#include "pipeline/locks.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

static struct lock program_lock = LOCK_INITIALIZER(PROGRAM); /* protects the next two */
static char path_of_cpu[PATH_MAX];
static bool is_started;

int program_profile_start(const char *path)
{
    if (!path || !path[0] || strlen(path) >= sizeof(path_of_cpu))
        return -EINVAL;
    lock_take(&program_lock);
    int error = is_started ? -EBUSY : control_cpu_begin(0);
    if (!error) {
        memcpy(path_of_cpu, path, strlen(path) + 1);
        is_started = true;
    }
    lock_leave(&program_lock);
    return error;
}

int program_profile_stop(void)
{
    struct profile *profile CLEANUP(profile_freep) = NULL;
    lock_take(&program_lock);
    int error = is_started ? control_cpu_take(true, &profile_kind_cpu, &profile) : -ENOENT;
    if (!error)
        error = profile_file_write(profile, path_of_cpu);
    is_started = false;
    lock_leave(&program_lock);
    return error;
}

int program_profile_write(const char *name, const char *path)
{
    const struct profile_kind *kind = name ? profile_kind_find(name) : NULL;
    struct profile *profile CLEANUP(profile_freep) = NULL;
    if (!kind)
        return -ENOENT;
    if (!path || !path[0])
        return -EINVAL;
    int error = profiles_take(kind, false, &profile);
    return error ? error : profile_file_write(profile, path);
}

void program_profile_after_fork_child(void)
{
    lock_renew(&program_lock);
    is_started = false;
}
