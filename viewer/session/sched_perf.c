/* perf_event_open(2) for context switches. Each thread is opened once a CPU, because only so are the threads
 * that it starts in the same buffer. A thread that starts meanwhile may be in there twice: readers take a
 * switch to what it is already for nothing. */
#include "viewer/session/sched_perf.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RING_PAGES 64 /* what every user may lock, by perf_event_mlock_kb's default */
#define MAX_FDS 800   /* below the usual limit of 1024 */
#define ROUNDS 2      /* over the threads: some start meanwhile */

/* What stands at the end of every record: PERF_SAMPLE_TID, _TIME and _CPU. */
struct sample_id {
    uint32_t pid, tid;
    uint64_t time_ns;
    uint32_t cpu, unused;
};

static int open_one(pid_t tid, int cpu)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof(attr),
                                   .config = PERF_COUNT_SW_DUMMY,
                                   .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
                                   .inherit = 1,
                                   .task = 1, /* its end: the last switch isn't recorded */
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1,
                                   .sample_id_all = 1,
                                   .context_switch = 1,
                                   .use_clockid = 1,
                                   .clockid = CLOCK_MONOTONIC};
    int fd = (int)syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The CPU's first descriptor has its buffer, the others write into that. */
static int take_ring(struct sched_perf *perf, int *first, int cpu, int fd)
{
    if (*first >= 0)
        return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, *first) ? -errno : 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (!perf->ring_bytes)
        perf->ring_bytes = RING_PAGES * page;
    void *ring = MAP_FAILED;
    for (;;) {
        ring = mmap(NULL, page + perf->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        /* All rings have one size: once there is one, it is settled. */
        if (ring != MAP_FAILED || errno != EPERM || cpu || perf->ring_bytes == page)
            break;
        perf->ring_bytes /= 2;
    }
    if (ring == MAP_FAILED)
        return -errno;
    perf->rings[cpu] = ring;
    *first = fd;
    return 0;
}

static int open_thread(struct sched_perf *perf, int *firsts, pid_t tid)
{
    for (int cpu = 0; cpu < perf->cpu_count; cpu++) {
        int fd = perf->fd_count == MAX_FDS ? -EMFILE : open_one(tid, cpu);
        if (fd == -ENODEV || fd == -ESRCH)
            continue; /* that CPU is off; the thread has ended */
        if (fd < 0)
            return fd;
        perf->fds[perf->fd_count++] = fd;
        int error = take_ring(perf, &firsts[cpu], cpu, fd);
        if (error)
            return error;
    }
    return 0;
}

static int open_threads(struct sched_perf *perf, int *firsts, pid_t pid)
{
    char path[32];
    pid_t seen[MAX_FDS];
    size_t seen_count = 0;
    int error = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    for (int round = 0; round < ROUNDS && !error; round++) {
        DIR *tasks = opendir(path);
        if (!tasks)
            return -errno;
        const struct dirent *entry;
        while (!error && (entry = readdir(tasks))) {
            pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
            bool is_known = tid <= 0;
            for (size_t i = 0; i < seen_count && !is_known; i++)
                is_known = seen[i] == tid;
            if (is_known)
                continue;
            error = seen_count == MAX_FDS ? -EMFILE : open_thread(perf, firsts, tid);
            if (!error)
                seen[seen_count++] = tid;
        }
        closedir(tasks);
    }
    return error;
}

int sched_perf_open(struct sched_perf *perf, pid_t pid)
{
    int firsts[SCHED_MAX_CPUS];
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    *perf = (struct sched_perf){.cpu_count = (int)cpus, .fds = malloc(MAX_FDS * sizeof(*perf->fds))};
    for (size_t i = 0; i < SCHED_MAX_CPUS; i++)
        firsts[i] = -1;
    int error = cpus < 1 || cpus > SCHED_MAX_CPUS ? -ENOTSUP : perf->fds ? 0 : -ENOMEM;
    if (!error)
        error = open_threads(perf, firsts, pid);
    if (!error && !perf->fd_count)
        error = -ESRCH;
    if (error)
        sched_perf_close(perf);
    return error;
}

void sched_perf_close(struct sched_perf *perf)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < SCHED_MAX_CPUS; i++)
        if (perf->rings[i])
            munmap(perf->rings[i], page + perf->ring_bytes);
    for (size_t i = 0; i < perf->fd_count; i++)
        close(perf->fds[i]);
    free(perf->fds);
    *perf = (struct sched_perf){0};
}

static void take_record(const struct perf_event_header *header, const uint8_t *record,
                        struct sched_stream *to)
{
    struct sample_id id;
    if (header->size < sizeof(*header) + sizeof(id))
        return;
    memcpy(&id, record + header->size - sizeof(id), sizeof(id));
    struct {
        uint32_t cpu;
        uint8_t is_preempted;
    } __attribute__((packed)) place = {id.cpu, (header->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT) != 0};
    bool is_out = header->type == PERF_RECORD_EXIT || (header->misc & PERF_RECORD_MISC_SWITCH_OUT);
    if (header->type == PERF_RECORD_EXIT)
        place.is_preempted = 0;
    if (header->type == PERF_RECORD_SWITCH || header->type == PERF_RECORD_EXIT)
        sched_stream_add(to, is_out ? SCHED_OUT : SCHED_IN, (int64_t)id.time_ns, (pid_t)id.pid, (pid_t)id.tid,
                         &place, is_out ? sizeof(place) : sizeof(place.cpu));
    uint64_t lost;
    if (header->type != PERF_RECORD_LOST || header->size < sizeof(*header) + 2 * sizeof(lost) + sizeof(id))
        return;
    memcpy(&lost, record + sizeof(*header) + sizeof(lost), sizeof(lost));
    sched_stream_add(to, SCHED_LOST, (int64_t)id.time_ns, (pid_t)id.pid, (pid_t)id.tid, &lost, sizeof(lost));
}

/* Copies out of the ring, whose end goes on at its beginning. */
static void copy_out(void *to, const uint8_t *ring, size_t ring_bytes, uint64_t at, size_t size)
{
    size_t place = (size_t)(at & (ring_bytes - 1)), whole = ring_bytes - place;
    size_t first = size < whole ? size : whole;
    memcpy(to, ring + place, first);
    memcpy((uint8_t *)to + first, ring, size - first);
}

void sched_perf_drain(struct sched_perf *perf, int cpu, struct sched_stream *to)
{
    struct perf_event_mmap_page *control = perf->rings[cpu];
    if (!control)
        return;
    const uint8_t *ring = (const uint8_t *)control + sysconf(_SC_PAGESIZE);
    /* Pairs with the kernel's release of what it has written. */
    uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE), tail = control->data_tail;
    uint8_t record[UINT16_MAX];
    while (tail < head) {
        struct perf_event_header header;
        copy_out(&header, ring, perf->ring_bytes, tail, sizeof(header));
        if (header.size < sizeof(header))
            break;
        copy_out(record, ring, perf->ring_bytes, tail, header.size);
        take_record(&header, record, to);
        tail += header.size;
    }
    /* Tells the kernel that the room is free, after the copies. */
    __atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
}
