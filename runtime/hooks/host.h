/* What hooks tell the composition root: set by boot before any hook is active, NULL-safe through the calls
 * below. */
#ifndef PREFLAME_HOOKS_HOST_H
#define PREFLAME_HOOKS_HOST_H

#include <stdbool.h>

/* How a child came to be, and so what may be done in it. */
enum fork_kind {
    FORK_TOLD,  /* by libc's fork, which put libc in order: anything */
    FORK_LIGHT, /* libc's state is as it was: async-signal-safe work; anything later, if the program has no
                   threads */
    FORK_ALIEN, /* by means unknown, and so it may end: no thread of ours, ever */
};

struct hooks_host {
    void (*finish)(void);     /* the process ends now: write what is to be written */
    void (*checkpoint)(void); /* an exec may end the image: write, and go on if it fails */
    void (*before_fork)(void);
    void (*after_fork_parent)(void);
    void (*after_fork_child)(enum fork_kind kind);
    void (*settle)(void); /* a forked child waits: it is here to stay, and no exec follows at once */
    void (*seal)(void);   /* a filter of system calls comes: stop everything, for ever */
    void (*last_thread_ended)(void); /* no thread of the program is left: don't keep the process alive */
};

extern struct hooks_host hooks_host;

#define TELL_HOST(what, ...)                                                                                 \
    do {                                                                                                     \
        if (hooks_host.what)                                                                                 \
            hooks_host.what(__VA_ARGS__);                                                                    \
    } while (0)

/* The same where the host waits for its own threads: no wait of the program's. */
#define TELL_HOST_INSIDE(what)                                                                               \
    do {                                                                                                     \
        thread_self.guard++;                                                                                 \
        TELL_HOST(what);                                                                                     \
        thread_self.guard--;                                                                                 \
    } while (0)

#endif
