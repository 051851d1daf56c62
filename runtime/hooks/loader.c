/* dlopen, dlclose, dl_iterate_phdr: keeping the module snapshot true, and captures away from what is being
 * unloaded. */
#include "hooks/loader.h"

#include "hooks/call.h"
#include "hooks/module_list.h"
#include "hooks/reals.h"
#include "hooks/tail_call.h"

_Atomic uint32_t loader_opens;

/* dlopen acts on behalf of its caller's object ($ORIGIN, RUNPATH, namespace), which it finds by its return
 * address: so ours must not stand between. Count, and jump. */
#define JUMP(name)                                                                                           \
    __asm__(TAIL_BEGIN(name) "\tlock incl loader_opens(%rip)\n" TAIL_RESOLVE(name) TAIL_END(name))
JUMP(dlopen);
JUMP(dlmopen);

/* Waits until no thread reads module tables. Each does so for microseconds, or is being preempted. */
static void wait_for_captures(void)
{
    /* Pairs with module_enter's fence. */
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t used = atomic_load_explicit(&capture.threads->high_water, memory_order_acquire);
    for (uint32_t i = 0; i < used && i < THREAD_SLOTS; i++) {
        struct thread_slot *slot = &capture.threads->slots[i];
        while (slot != thread_self.slot && atomic_load_explicit(&slot->in_capture, memory_order_acquire))
            syscall(SYS_sched_yield);
    }
}

static void forget_rules(void)
{
    atomic_fetch_add_explicit(&capture.modules.rules_generation, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < RULE_SLOTS; i++) {
        if (!atomic_load_explicit(&capture.rules->slots[i].pc, memory_order_relaxed))
            continue;
        atomic_store_explicit(&capture.rules->slots[i].rule, 0, memory_order_relaxed);
        atomic_store_explicit(&capture.rules->slots[i].pc, 0, memory_order_relaxed);
    }
}

/* In a forked child the loader's lock may be one that a thread of the parent held: for ever. Until the child
 * itself loads or unloads something, the list that it inherited is true and must do. */
static atomic_bool is_inherited;
static _Atomic uint32_t inherited_opens;

static bool list_is_inherited(void)
{
    return atomic_load_explicit(&is_inherited, memory_order_relaxed) &&
           atomic_load_explicit(&loader_opens, memory_order_relaxed) ==
               atomic_load_explicit(&inherited_opens, memory_order_relaxed);
}

bool loader_refresh(void)
{
    if (list_is_inherited())
        return false;
    thread_self.guard++;
    const struct module_list *old = NULL;
    uint32_t opens = atomic_load_explicit(&loader_opens, memory_order_acquire);
    bool is_changed = module_list_refresh(&capture.modules, real_dl_iterate_phdr, &old);
    if (old) {
        wait_for_captures();
        module_list_free(old);
    }
    /* Release: the list and its epoch come first. */
    atomic_store_explicit(&capture.modules.opens_seen, opens, memory_order_release);
    thread_self.guard--;
    return is_changed;
}

void loader_each_module(void (*each)(const struct module *module, void *context), void *context)
{
    module_list_each(&capture.modules, each, context);
}

void loader_after_fork_child(void)
{
    module_list_after_fork_child();
    atomic_store(&inherited_opens, atomic_load(&loader_opens));
    atomic_store(&is_inherited, true);
    atomic_store_explicit(&capture.modules.gate, 0, memory_order_relaxed);
}

EXPORT int dlclose(void *handle)
{
    if (!capture.threads || thread_self.guard ||
        !atomic_load_explicit(&capture.modules.loaded, memory_order_relaxed))
        return real_dlclose(handle);
    int error = errno;
    atomic_store(&is_inherited, false);
    loader_refresh(); /* what goes now must be known by name */
    atomic_fetch_add_explicit(&capture.modules.gate, 1, memory_order_seq_cst);
    wait_for_captures();
    errno = error;
    int result = real_dlclose(handle);
    error = errno;
    loader_refresh();
    forget_rules();
    atomic_fetch_sub_explicit(&capture.modules.gate, 1, memory_order_release);
    errno = error;
    return result;
}

/* Capture code, and libraries that it might call, must never take the loader's lock: they get the snapshot.
 */
static int iterate_snapshot(int (*each)(struct dl_phdr_info *, size_t, void *), void *context)
{
    const struct module_list *list = atomic_load_explicit(&capture.modules.loaded, memory_order_acquire);
    for (uint32_t i = 0; list && i < list->count; i++) {
        const struct module *module = &list->modules[i];
        if (!module->phdr)
            continue;
        struct dl_phdr_info info = {.dlpi_addr = module->bias,
                                    .dlpi_name = module->path,
                                    .dlpi_phdr = module->phdr,
                                    .dlpi_phnum = module->phnum};
        int result = each(&info, sizeof(info), context);
        if (result)
            return result;
    }
    return 0;
}

EXPORT int dl_iterate_phdr(int (*each)(struct dl_phdr_info *, size_t, void *), void *context)
{
    struct thread_slot *slot = thread_self.slot;
    if (UNLIKELY(slot && atomic_load_explicit(&slot->in_capture, memory_order_relaxed)))
        return iterate_snapshot(each, context);
    return real_dl_iterate_phdr(each, context);
}
