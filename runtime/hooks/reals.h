/* The functions that stand behind ours: libc's, or the next preload's. */
#ifndef PREFLAME_HOOKS_REALS_H
#define PREFLAME_HOOKS_REALS_H

#include <aio.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* Each is at first a stub that resolves all of them, so that calls before boot (constructors of other
 * libraries) work; a call that this libc lacks keeps its stub, which fails with ENOSYS. */
#define CALL(ret, name, params, args, number, reason, object, kind, timeout, again)                          \
    extern ret(*real_##name) params;
#include "hooks/calls.def"
#undef CALL
#define REAL(ret, name, params, args, absent, version, symbol) extern ret(*real_##name) params;
#include "hooks/irregular.def"
#undef REAL
#define STREAM_CALL(ret, name, params, args, stream) extern ret(*real_##name) params;
#include "hooks/stdio.def"
#undef STREAM_CALL

/* Functions that never return, and those whose caller matters: plain pointers, NULL until resolved. */
extern void *real_dlopen, *real_dlmopen, *real_vfork, *real_longjmp, *real__longjmp, *real_siglongjmp,
    *real_setjmp, *real__setjmp, *real___sigsetjmp, *real___longjmp_chk;
extern long (*real_syscall)(long number, ...);
typedef void (*leave_fn)(int) __attribute__((noreturn));
typedef void (*leave_with_fn)(void *) __attribute__((noreturn));
extern void *real_pthread_exit, *real_thrd_exit, *real__exit, *real__Exit, *real_quick_exit, *real_exit,
    *real_abort;

/* Resolves every real function. Idempotent; any thread; not signal-safe (dlsym). */
void reals_resolve(void);

#endif
