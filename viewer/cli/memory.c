/* RLIMIT_DATA: what is written to counts, mapped files (debug information may be large) don't. */
#include "viewer/cli/memory.h"

#include <sys/resource.h>
#include <unistd.h>

void memory_cap(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    rlim_t cap = MEMORY_CAP_BYTES;
    struct rlimit limit;
    if (pages > 0 && page_bytes > 0 && (rlim_t)pages / 4 * 3 * (rlim_t)page_bytes < cap)
        cap = (rlim_t)pages / 4 * 3 * (rlim_t)page_bytes;
    if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur > cap) {
        limit.rlim_cur = cap;
        setrlimit(RLIMIT_DATA, &limit);
    }
}
