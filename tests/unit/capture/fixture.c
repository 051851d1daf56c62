/* The tests' stand-in for boot. */
#include "fixture.h"

#include "hooks/module_list.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void give_up(const char *what)
{
    fprintf(stderr, "fixture: %s failed\n", what);
    abort();
}

void *fixture_map(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        give_up("mmap");
    return at;
}

void fixture_open(void)
{
    capture.rules = fixture_map(sizeof(*capture.rules));
    capture.stacks = fixture_map(sizeof(*capture.stacks));
    capture.scratches = fixture_map(sizeof(*capture.scratches));
    capture.threads = fixture_map(sizeof(*capture.threads));
    const struct module_list *old = NULL;
    if (!module_list_refresh(&capture.modules, dl_iterate_phdr, &old) || old)
        give_up("module_list_refresh");
}

void fixture_stack_bounds(uint64_t *ret_low, uint64_t *ret_high)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes))
        give_up("pthread_getattr_np");
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    *ret_low = (uint64_t)(uintptr_t)low;
    *ret_high = *ret_low + size;
}

struct thread_slot *fixture_enter_thread(void)
{
    struct thread_slot *slot = thread_slot_take(capture.threads);
    uint64_t low = 0, high = 0;
    if (!slot)
        give_up("thread_slot_take");
    fixture_stack_bounds(&low, &high);
    slot->stack_low = low;
    slot->stack_high = high;
    thread_self.slot = slot;
    thread_self.tid = (int32_t)syscall(SYS_gettid);
    atomic_store(&slot->tid, thread_self.tid);
    return slot;
}

void fixture_leave_thread(void)
{
    struct record record;
    while (ring_pop(&thread_self.slot->ring, &record))
        ;
    thread_slot_leave(capture.threads, thread_self.slot);
    thread_self.slot = NULL;
}

const struct module *fixture_module_of(const void *address)
{
    const struct module *module = module_find(&capture.modules, (uint64_t)(uintptr_t)address);
    if (!module)
        give_up("module_find");
    return module;
}

struct unwind_registers fixture_registers(const ucontext_t *context)
{
    static const unsigned char gregs[17] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                            REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                            REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    struct unwind_registers at = {.pc = 0};
    for (unsigned i = 0; i < 17; i++)
        at.rest[i] = (uint64_t)context->uc_mcontext.gregs[gregs[i]];
    at.pc = at.rest[16];
    at.sp = at.rest[7];
    at.bp = at.rest[6];
    return at;
}

struct unwinder fixture_unwinder(uint64_t stack_low, uint64_t stack_high)
{
    static struct walk_scratch scratch;
    return (struct unwinder){.modules = &capture.modules,
                             .rules = capture.rules,
                             .own_low = capture.own_low,
                             .own_high = capture.own_high,
                             .stack_low = stack_low,
                             .stack_high = stack_high,
                             .scratch = &scratch};
}
