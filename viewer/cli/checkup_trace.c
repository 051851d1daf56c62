/* What recording takes. */
#include "viewer/cli/checkup.h"

#include "viewer/session/daemon.h"
#include "viewer/session/target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SHARED_MEMORY_LEAST_MB 16U

enum finding check_session_daemon(const struct patient *patient, char *text)
{
    (void)patient;
    char path[PATH_MAX];
    if (session_daemon_answers())
        snprintf(text, CHECKUP_TEXT_BYTES, "a session daemon answers, and is used");
    else if (target_find("lttng-sessiond", path, sizeof(path)) == 0)
        snprintf(text, CHECKUP_TEXT_BYTES, "%s is started when a trace is asked for", path);
    else
        snprintf(text, CHECKUP_TEXT_BYTES,
                 "no traces: lttng-sessiond is not installed; apt install lttng-tools");
    return strncmp(text, "no ", 3) == 0 ? FINDING_PROBLEM : FINDING_FINE;
}

enum finding check_shared_memory(const struct patient *patient, char *text)
{
    (void)patient;
    struct statvfs shm;
    if (statvfs("/dev/shm", &shm) != 0 || access("/dev/shm", W_OK | X_OK) != 0) {
        snprintf(text, CHECKUP_TEXT_BYTES, "no traces: /dev/shm: %s; mount a tmpfs there", strerror(errno));
        return FINDING_PROBLEM;
    }
    unsigned long free_mb = shm.f_bavail * shm.f_frsize >> 20;
    bool is_small = free_mb < SHARED_MEMORY_LEAST_MB;
    snprintf(text, CHECKUP_TEXT_BYTES, "/dev/shm has %lu MB%s", free_mb,
             is_small ? ": traces lose events; free some, or mount it larger (docker run --shm-size)" : "");
    return is_small ? FINDING_PROBLEM : FINDING_FINE;
}
