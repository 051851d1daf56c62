/* Blocks, longest waits first, then circles in the graph of who waits for whom. */
#include "exporters/threads_text.h"

#include "base/syscall_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct thread {
    const struct profile_sample *sample;
    const char *name, *state, *target;
    int64_t tid, holder, object, waited_ns; /* 0 = none; waited_ns -1 */
    size_t circle; /* of the last search that came by: index of its first thread + 1 */
};

struct dump {
    const struct profile *profile;
    function_start_fn start;
    void *context;
    struct bytes *out;
    struct thread *threads; /* owned */
    size_t count;
};

static void read_label(const struct profile *p, const struct profile_label *label, struct thread *thread)
{
    const char *key = profile_text(p, label->key), *text = profile_text(p, label->text);
    if (strcmp(key, "thread") == 0)
        thread->name = text;
    else if (strcmp(key, "state") == 0)
        thread->state = text;
    else if (strcmp(key, "target") == 0)
        thread->target = text;
    else if (strcmp(key, "tid") == 0)
        thread->tid = label->number;
    else if (strcmp(key, "holder") == 0)
        thread->holder = label->number;
    else if (strcmp(key, "object") == 0)
        thread->object = label->number;
    else if (strcmp(key, "waited") == 0)
        thread->waited_ns = label->number;
}

static void read_threads(struct dump *dump)
{
    const struct profile *p = dump->profile;
    for (size_t i = 0; i < dump->count; i++) {
        const struct profile_sample *sample = &p->samples.data[i];
        dump->threads[i] =
            (struct thread){.sample = sample, .name = "", .state = "", .target = "", .waited_ns = -1};
        for (uint32_t k = 0; k < sample->label_count; k++)
            read_label(p, &p->labels.data[sample->first_label + k], &dump->threads[i]);
    }
}

static struct thread *find(const struct dump *dump, int64_t tid)
{
    for (size_t i = 0; i < dump->count; i++) {
        if (dump->threads[i].tid == tid)
            return &dump->threads[i];
    }
    return NULL;
}

static void put_thread(struct dump *dump, const struct thread *thread)
{
    bytes_printf(dump->out, "thread %" PRId64 " \"%s\"", thread->tid, thread->name);
}

/* What it waits for, as far as one can say: a descriptor, a call, an object. */
static void put_object(struct dump *dump, const struct thread *thread)
{
    char number[16];
    if (thread->target[0])
        bytes_printf(dump->out, " on fd %" PRId64 " %s", thread->object, thread->target);
    else if (strcmp(thread->state, "syscall") == 0)
        bytes_printf(dump->out, " %s", syscall_name((uint32_t)thread->object, number, sizeof(number)));
    else if (thread->object > 0 && thread->object < 4096)
        bytes_printf(dump->out, " %" PRId64, thread->object);
    else if (thread->object > 0)
        bytes_printf(dump->out, " 0x%" PRIx64, (uint64_t)thread->object);
}

static void put_holder(struct dump *dump, const struct thread *thread)
{
    const struct thread *holder = find(dump, thread->holder);
    if (!thread->holder)
        return;
    bytes_puts(dump->out, strcmp(thread->state, "join") == 0 ? " of " : " held by ");
    if (holder)
        put_thread(dump, holder);
    else
        bytes_printf(dump->out, "thread %" PRId64 " that has ended", thread->holder);
}

/* "3.214s", and from a minute on "5 minutes", as Go says it. */
static void put_wait(struct dump *dump, int64_t waited_ns)
{
    const int64_t minute_ns = INT64_C(60000000000);
    if (waited_ns >= minute_ns)
        bytes_printf(dump->out, ", %" PRId64 " minutes", waited_ns / minute_ns);
    else if (waited_ns >= 0)
        bytes_printf(dump->out, ", %.3fs", (double)waited_ns / 1e9);
}

static void put_frames(struct dump *dump, const struct profile_sample *sample)
{
    const struct profile *p = dump->profile;
    for (uint32_t i = 0; i < sample->location_count; i++) {
        uint32_t index = p->sample_locations.data[sample->first_location + i];
        const struct profile_location *location = &p->locations.data[index];
        uint64_t offset = location->address - dump->start(dump->context, location->address);
        for (uint32_t k = 0; k < location->line_count; k++) {
            const struct profile_line *line = &p->lines.data[location->first_line + k];
            const struct profile_function *function = &p->functions.data[line->function];
            const char *file = profile_text(p, function->file);
            bytes_printf(dump->out, "%s(...)\n\t%s:%" PRId64 " +0x%" PRIx64 "\n",
                         profile_text(p, function->name), file[0] ? file : "?", line->line, offset);
        }
    }
}

static void put_block(struct dump *dump, const struct thread *thread)
{
    put_thread(dump, thread);
    bytes_printf(dump->out, " [%s", thread->state);
    put_object(dump, thread);
    put_holder(dump, thread);
    put_wait(dump, thread->waited_ns);
    bytes_puts(dump->out, "]:\n");
    put_frames(dump, thread->sample);
    bytes_puts(dump->out, "\n");
}

static void put_circle(struct dump *dump, struct thread *first)
{
    bytes_puts(dump->out, "deadlock: these threads wait for each other:\n");
    struct thread *thread = first;
    do {
        bytes_puts(dump->out, "\t");
        put_thread(dump, thread);
        bytes_printf(dump->out, " waits for %s", thread->state);
        put_object(dump, thread);
        put_holder(dump, thread);
        bytes_puts(dump->out, "\n");
        thread = find(dump, thread->holder);
    } while (thread && thread != first);
    bytes_puts(dump->out, "\n");
}

/* Each thread waits for one other at most, so a walk from it ends, or comes back to where it has been. */
static void put_circles(struct dump *dump)
{
    for (size_t i = 0; i < dump->count; i++) {
        struct thread *thread = &dump->threads[i];
        while (thread && !thread->circle) {
            thread->circle = i + 1;
            thread = thread->holder ? find(dump, thread->holder) : NULL;
        }
        if (thread && thread->circle == i + 1)
            put_circle(dump, thread);
    }
}

static int compare(const void *left, const void *right)
{
    const struct thread *a = left, *b = right;
    if (a->waited_ns != b->waited_ns)
        return a->waited_ns < b->waited_ns ? 1 : -1;
    return (a->tid > b->tid) - (a->tid < b->tid);
}

int threads_text(const struct profile *profile, function_start_fn start, void *context, struct bytes *out)
{
    struct dump dump = {.profile = profile,
                        .start = start,
                        .context = context,
                        .out = out,
                        .threads = calloc(profile->samples.count + 1, sizeof(struct thread)),
                        .count = profile->samples.count};
    if (!dump.threads)
        return -ENOMEM;
    read_threads(&dump);
    qsort(dump.threads, dump.count, sizeof(*dump.threads), compare);
    for (size_t i = 0; i < dump.count; i++)
        put_block(&dump, &dump.threads[i]);
    put_circles(&dump);
    free(dump.threads);
    return out->error;
}
