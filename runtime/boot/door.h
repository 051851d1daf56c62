/* The door between the preload and the engine: two tables of functions; neither object links the other. */
#ifndef PREFLAME_BOOT_DOOR_H
#define PREFLAME_BOOT_DOOR_H

#include "base/lock_rank.h"
#include "base/log.h"
#include "boot/options.h"
#include "capture/state.h"

#define DOOR_VERSION 1

/* What the preload offers. Every function: not in handlers. */
struct engine_host {
    unsigned version;
    struct capture_state *state;
    const struct options *options;
    const char *library_dir; /* where our objects lie */
    bool is_child;           /* the parent process runs under preflame too */
    log_fn log;
    void (*log_deliver)(void);         /* base/log.h */
    bool (*private_files_enter)(void); /* for each thread that the engine starts, first of all */
    uint32_t *(*locks_held)(void);     /* pipeline/locks.h: locks_init */
    void (*locks_tell)(enum lock_rank taken, uint32_t held);
    void (*trace_ready)(void); /* the calling thread has called the sink's thread_init */
    bool (*modules_refresh)(void);
    void (*modules_each)(void (*each)(const struct module *module, void *context), void *context);
    _Atomic uint32_t *module_opens; /* grows with every dlopen */
    _Atomic uint32_t *traces_all_calls;
    const char *heap_bypass; /* the object whose malloc the program calls, when that isn't ours; or NULL */
    int (*cpu_start)(int hz, bool is_recorded);
    void (*cpu_stop)(void);
    void (*look_around)(void);     /* now and then while samples are taken */
    bool (*sampler_install)(void); /* false: no handler, so send no signal */
    bool (*thread_waiting)(struct thread_slot *slot, struct wait_state *ret, uint32_t *ret_stack);
    uint32_t (*thread_stack)(const struct place *place);
    uint32_t (*thread_ask)(struct thread_slot *slot);
    bool (*thread_answered)(struct thread_slot *slot, uint32_t number, uint32_t *ret_stack);
    void (*own_fatal)(const int *numbers, void (*on_fatal)(void));
};

/* What the engine offers. Called with the thread's guard up. */
struct engine {
    unsigned version;
    void (*start)(void);
    void (*finish)(void); /* from any way out, signal handlers of fatal signals included: waits, bounded */
    void (*checkpoint)(void); /* before an exec */
    void (*before_fork)(void);
    void (*after_fork_parent)(void);
    void (*after_fork_child)(bool is_light);
    /* A forked child is here to stay: serve it. Or what was asked for can be done here, in a thread of the
     * program's. Or, with `ends`, the child ends, and was never served. */
    void (*settle)(bool ends);
    /* What the program asks for itself (boot/program_profile.h, boot/program_trace.h). */
    int (*program_profile_start)(const char *path);
    int (*program_profile_stop)(void);
    int (*program_profile_write)(const char *name, const char *path);
    int (*program_trace_start)(const char *path);
    int (*program_trace_stop)(void);
    int (*program_trace_dump)(void);
    void (*last_thread_ended)(void); /* finish, and end the engine's own threads */
};

/* The one symbol of the engine, found by dlsym. NULL if it can't serve this host. `host` must live for ever.
 */
typedef const struct engine *(*engine_entry_fn)(const struct engine_host *host);
#define ENGINE_ENTRY "preflame_engine_entry"

#endif
