/* Any bytes as an object's unwind tables and as its notes, any words as a stack: the walk ends, within the
 * memory that there is.
 *
 * Input: a header of 16 bytes (struct header), the .eh_frame_hdr and what follows it, the words of the stack.
 * So that inputs find their way, words below 0x10000 mean places: the lower half code, the upper half the
 * stack. */
#include "capture/memory.h"
#include "capture/state.h"
#include "capture/unwind.h"
#include "hooks/build_id.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TABLES UINT64_C(0x10000000)
#define CODE UINT64_C(0x20000000)
#define STACK UINT64_C(0x30000000)
#define REGION_BYTES UINT64_C(0x8000)
#define FRAMES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct capture_state capture;

struct header {
    uint8_t stack_words, is_stack_unknown, frames;
    uint8_t rest;
    uint16_t pc, sp, bp;
    uint16_t registers[3];
};

static uint64_t tables_bytes;

/* In place of capture/memory.c: the tables, up to their end, and the stack. */
bool memory_read(uint64_t address, void *to, size_t size)
{
    uint64_t end = address + size;
    bool is_table = address >= TABLES && end >= address && end <= TABLES + tables_bytes;
    bool is_stack = address >= STACK && end >= address && end <= STACK + REGION_BYTES;
    if (is_table || is_stack)
        memcpy(to, (const void *)(uintptr_t)address, size);
    return is_table || is_stack;
}

static void map_at(uint64_t address)
{
    void *wanted = (void *)(uintptr_t)address;
    if (mmap(wanted, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
             -1, 0) != wanted)
        abort();
}

static uint64_t place(uint64_t word)
{
    if (word < REGION_BYTES)
        return CODE + word;
    return word < 2 * REGION_BYTES ? STACK + word - REGION_BYTES : word;
}

static struct module_list *list;
static struct walk_scratch scratch;

static void set_up(void)
{
    if (list)
        return;
    map_at(TABLES);
    map_at(STACK);
    list = calloc(1, sizeof(*list) + sizeof(list->modules[0]));
    capture.rules =
        mmap(NULL, sizeof(*capture.rules), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!list || capture.rules == MAP_FAILED)
        abort();
    list->count = 1;
    list->modules[0] =
        (struct module){.low = CODE, .high = CODE + REGION_BYTES, .hdr = TABLES, .data_low = TABLES};
    atomic_store(&capture.modules.loaded, list);
}

/* Rules and expressions of the last input, of which few pages were touched. */
static void forget(void)
{
    if (madvise(capture.rules, sizeof(*capture.rules), MADV_DONTNEED) != 0)
        abort();
}

static void walk(const struct header *h)
{
    uint64_t pcs[FRAMES];
    const struct unwinder unwinder = {.modules = &capture.modules,
                                      .rules = capture.rules,
                                      .stack_low = h->is_stack_unknown & 1 ? 0 : STACK,
                                      .stack_high = h->is_stack_unknown & 1 ? 0 : STACK + REGION_BYTES,
                                      .scratch = &scratch};
    struct unwind_registers at = {
        .pc = place(h->pc % REGION_BYTES), .sp = STACK + h->sp % REGION_BYTES, .bp = place(h->bp)};
    for (unsigned i = 0; i < ARRAY_SIZE(at.rest); i++)
        at.rest[i] = place(h->registers[i % ARRAY_SIZE(h->registers)]);
    uint32_t max = 1 + h->frames % FRAMES, count = unwind(&unwinder, &at, pcs, max);
    if (count < 1 || count > max)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct header h;
    uint8_t id[MODULE_BUILD_ID_MAX];
    if (build_id_in_notes(data, size, id, sizeof(id)) > sizeof(id))
        abort();
    if (size < sizeof(h))
        return 0;
    memcpy(&h, data, sizeof(h));
    data += sizeof(h);
    size -= sizeof(h);
    size_t stack_bytes = h.stack_words * sizeof(uint64_t);
    if (stack_bytes > size)
        stack_bytes = size & ~(sizeof(uint64_t) - 1);
    tables_bytes = size - stack_bytes < REGION_BYTES ? size - stack_bytes : REGION_BYTES;
    set_up();
    memcpy((void *)(uintptr_t)TABLES, data, tables_bytes);
    for (size_t at = 0; at < stack_bytes; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, data + size - stack_bytes + at, sizeof(word));
        word = place(word);
        memcpy((void *)(uintptr_t)(STACK + REGION_BYTES - stack_bytes + at), &word, sizeof(word));
    }
    list->modules[0].data_high = TABLES + tables_bytes;
    cfi_find_table(&list->modules[0]);
    walk(&h);
    forget();
    return 0;
}
