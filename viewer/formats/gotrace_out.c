/* All numbers are LEB128. An event's first byte holds its type and, above, how many arguments stand behind
 * the time; from three on that is 3, and their length in bytes comes first. */
#include "viewer/formats/gotrace_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX_BYTES ((size_t)1 << 30)
#define NUMBER_BYTES 10
#define FRAMES_MAX 1000 /* of a stack: Go refuses more */
#define ARGUMENTS_MAX 5

static size_t encode(uint8_t *to, uint64_t number)
{
    size_t len = 0;
    for (; number >= 0x80; number >>= 7)
        to[len++] = (uint8_t)(number | 0x80);
    to[len++] = (uint8_t)number;
    return len;
}

static void put_number(struct bytes *out, uint64_t number)
{
    uint8_t encoded[NUMBER_BYTES];
    bytes_put(out, encoded, encode(encoded, number));
}

static void put_byte(struct bytes *out, unsigned byte)
{
    bytes_put(out, &(uint8_t){(uint8_t)byte}, 1);
}

void gotrace_batch_init(struct gotrace_batch *batch)
{
    *batch = (struct gotrace_batch){0};
    bytes_init(&batch->events, BATCH_MAX_BYTES);
}

void gotrace_batch_clear(struct gotrace_batch *batch)
{
    bytes_clear(&batch->events);
}

void gotrace_put(struct gotrace_batch *batch, enum gotrace_event event, int64_t time_ns,
                 const uint64_t *arguments, unsigned count)
{
    uint8_t encoded[(ARGUMENTS_MAX + 1) * NUMBER_BYTES];
    if (!batch->is_begun)
        batch->first_ns = batch->last_ns = time_ns;
    batch->is_begun = true;
    size_t len = encode(encoded, (uint64_t)(time_ns - batch->last_ns));
    for (unsigned i = 0; i < count; i++)
        len += encode(encoded + len, arguments[i]);
    put_byte(&batch->events, event | (count < 3 ? count : 3) << 6);
    if (count >= 3)
        put_number(&batch->events, len);
    bytes_put(&batch->events, encoded, len);
    batch->last_ns = time_ns;
}

void gotrace_put_text(struct gotrace_batch *batch, const char *text)
{
    put_number(&batch->events, strlen(text));
    bytes_puts(&batch->events, text);
}

void gotrace_batch_write(const struct gotrace_batch *batch, uint64_t p, struct bytes *out)
{
    if (!batch->is_begun)
        return;
    put_byte(out, GOTRACE_BATCH | 1 << 6);
    put_number(out, p);
    put_number(out, (uint64_t)batch->first_ns);
    bytes_put(out, batch->events.data, batch->events.len);
    if (!out->error)
        out->error = batch->events.error;
}

int gotrace_dictionary_init(struct gotrace_dictionary *dictionary)
{
    *dictionary = (struct gotrace_dictionary){0};
    bytes_init(&dictionary->out, BATCH_MAX_BYTES);
    dictionary->has_room = (size_t)NAMES_MAX_COUNT + 1;
    dictionary->has_name = calloc(dictionary->has_room, 1);
    return dictionary->has_name ? 0 : -ENOMEM;
}

void gotrace_dictionary_clear(struct gotrace_dictionary *dictionary)
{
    bytes_clear(&dictionary->out);
    map_clear(&dictionary->stacks);
    free(dictionary->has_name);
}

uint64_t gotrace_string(struct gotrace_dictionary *dictionary, const struct report *report, uint32_t name)
{
    const char *text = names_text(report->names, name);
    if (!*text || name >= dictionary->has_room)
        return 0;
    if (!dictionary->has_name[name]) {
        dictionary->has_name[name] = 1;
        put_byte(&dictionary->out, GOTRACE_STRING);
        put_number(&dictionary->out, (uint64_t)name + 1);
        put_number(&dictionary->out, strlen(text));
        bytes_puts(&dictionary->out, text);
    }
    return (uint64_t)name + 1;
}

/* Frames stand root first; Go wants the leaf first. A function's pc is the number of its name. */
static void put_stack(struct gotrace_dictionary *dictionary, const struct report *report, uint32_t number,
                      const struct frame *frames, size_t count)
{
    struct bytes stack CLEANUP(bytes_clear);
    bytes_init(&stack, BATCH_MAX_BYTES);
    size_t kept = count < FRAMES_MAX ? count : FRAMES_MAX;
    put_number(&stack, number);
    put_number(&stack, kept);
    for (size_t i = 0; i < kept; i++) {
        uint64_t name = gotrace_string(dictionary, report, frames[count - 1 - i].name);
        const uint64_t fields[] = {name ? name : 1, name, 0, 0};
        for (size_t field = 0; field < ARRAY_SIZE(fields); field++)
            put_number(&stack, fields[field]);
    }
    put_byte(&dictionary->out, GOTRACE_STACK | 3 << 6);
    put_number(&dictionary->out, stack.len);
    bytes_put(&dictionary->out, stack.data, stack.len);
    if (!dictionary->out.error)
        dictionary->out.error = stack.error;
}

static uint32_t number_of(struct gotrace_dictionary *dictionary, uint32_t kind, uint32_t id, int *ret_is_new)
{
    const uint32_t key[] = {kind, id};
    uint32_t *stored;
    if (map_add(&dictionary->stacks, key, sizeof(key), dictionary->stack_count + 1, &stored, ret_is_new)) {
        dictionary->error = -ENOMEM;
        *ret_is_new = 0;
        return 0;
    }
    dictionary->stack_count += *ret_is_new != 0;
    return *stored;
}

uint64_t gotrace_stack(struct gotrace_dictionary *dictionary, const struct report *report, uint32_t process,
                       uint32_t stack)
{
    int is_new;
    uint32_t number = number_of(dictionary, process, stack, &is_new);
    struct frame *frames = is_new ? malloc(TREE_MAX_DEPTH * sizeof(*frames)) : NULL;
    if (is_new && !frames)
        dictionary->error = -ENOMEM;
    if (frames)
        put_stack(dictionary, report, number, frames,
                  resolved_stack(report->resolved, report->trace, process, stack, frames, TREE_MAX_DEPTH));
    free(frames);
    return number;
}

uint64_t gotrace_stack_named(struct gotrace_dictionary *dictionary, const struct report *report,
                             uint32_t name)
{
    int is_new;
    uint32_t number = number_of(dictionary, TRACE_NONE, name, &is_new);
    if (is_new)
        put_stack(dictionary, report, number, &(struct frame){.name = name}, 1);
    return number;
}

void gotrace_begin(const struct gotrace_dictionary *dictionary, struct bytes *out)
{
    static const char header[16] = "go 1.19 trace";
    bytes_put(out, header, sizeof(header));
    put_byte(out, GOTRACE_FREQUENCY);
    put_number(out, 1000000000);
    bytes_put(out, dictionary->out.data, dictionary->out.len);
    if (!out->error)
        out->error = dictionary->out.error;
}
