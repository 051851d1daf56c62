/* How a process starts another program, becomes one, and ends. */
#include "hooks/forks.h"
#include "hooks/host.h"
#include "hooks/reals.h"
#include "hooks/torn.h"
#include "hooks/vfork.h"
#include "profilers/cpu.h"

#include <alloca.h>
#include <stdarg.h>
#include <stdlib.h>

struct hooks_host hooks_host;

/* spawn: the timer is quiet while the clone lasts; blocking our signal instead would show in the child's
 * mask. */
#define SPAWN(name, real)                                                                                    \
    int name(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,                        \
             const posix_spawnattr_t *how, char *const arguments[], char *const environment[]);              \
    EXPORT int name(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,                 \
                    const posix_spawnattr_t *how, char *const arguments[], char *const environment[])        \
    {                                                                                                        \
        bool is_quiet = cpu_quiet_self(true);                                                                \
        int result = real(pid, file, actions, how, arguments, environment);                                  \
        if (is_quiet)                                                                                        \
            cpu_quiet_self(false);                                                                           \
        return result;                                                                                       \
    }
SPAWN(hook_posix_spawn, real_posix_spawn)
SPAWN(hook_posix_spawnp, real_posix_spawnp)
SPAWN(hook_old_posix_spawn, real_old_posix_spawn)
SPAWN(hook_old_posix_spawnp, real_old_posix_spawnp)
__asm__(".symver hook_posix_spawn, posix_spawn@@GLIBC_2.15");
__asm__(".symver hook_posix_spawnp, posix_spawnp@@GLIBC_2.15");
__asm__(".symver hook_old_posix_spawn, posix_spawn@GLIBC_2.2.5");
__asm__(".symver hook_old_posix_spawnp, posix_spawnp@GLIBC_2.2.5");

/* exec ends this image: what was recorded is written first. If it fails, recording goes on. */
static bool before_exec(void)
{
    forks_meet_copy();
    if (process_is_foreign())
        return false;
    int error = errno;
    TELL_HOST_INSIDE(checkpoint);
    cpu_quiet_self(true); /* a pending signal would meet the new image, where its default action is death */
    errno = error;
    return true;
}

static void after_failed_exec(bool is_ours)
{
    if (is_ours)
        cpu_quiet_self(false);
}

#define EXEC(name, params, args)                                                                             \
    EXPORT int name params                                                                                   \
    {                                                                                                        \
        bool is_ours = before_exec();                                                                        \
        int result = real_##name args;                                                                       \
        after_failed_exec(is_ours);                                                                          \
        return result;                                                                                       \
    }
EXEC(execve, (const char *file, char *const arguments[], char *const environment[]),
     (file, arguments, environment))
EXEC(execv, (const char *file, char *const arguments[]), (file, arguments))
EXEC(execvp, (const char *file, char *const arguments[]), (file, arguments))
EXEC(execvpe, (const char *file, char *const arguments[], char *const environment[]),
     (file, arguments, environment))
EXEC(fexecve, (int fd, char *const arguments[], char *const environment[]), (fd, arguments, environment))
EXEC(execveat, (int fd, const char *file, char *const arguments[], char *const environment[], int flags),
     (fd, file, arguments, environment, flags))

static size_t count_arguments(va_list list)
{
    size_t count = 1;
    while (va_arg(list, char *))
        count++;
    return count;
}

/* Gathers `first` and the list behind it, NULL included, on the caller's stack. */
#define GATHER(arguments, first)                                                                             \
    va_list list;                                                                                            \
    va_start(list, first);                                                                                   \
    size_t count = count_arguments(list);                                                                    \
    va_end(list);                                                                                            \
    char **arguments = alloca((count + 1) * sizeof(char *));                                                 \
    va_start(list, first);                                                                                   \
    arguments[0] = (char *)(uintptr_t)(first);                                                               \
    for (size_t i = 1; i <= count; i++)                                                                      \
    arguments[i] = va_arg(list, char *)

EXPORT int execl(const char *file, const char *first, ...)
{
    GATHER(arguments, first);
    va_end(list);
    return execve(file, arguments, environ);
}

EXPORT int execlp(const char *file, const char *first, ...)
{
    GATHER(arguments, first);
    va_end(list);
    return execvp(file, arguments);
}

EXPORT int execle(const char *file, const char *first, ...)
{
    GATHER(arguments, first);
    char **environment = va_arg(list, char **);
    va_end(list);
    return execve(file, arguments, environment);
}

/* The ways out. `exit` and a return from main pass our destructor, and quick_exit's handlers belong to the
 * program. */
EXPORT void _exit(int status)
{
    forks_finish();
    reals_resolve();
    ((leave_fn)real__exit)(status);
}

EXPORT void _Exit(int status)
{
    forks_finish();
    reals_resolve();
    ((leave_fn)real__Exit)(status);
}

EXPORT void quick_exit(int status)
{
    forks_finish();
    reals_resolve();
    ((leave_fn)real_quick_exit)(status);
}

EXPORT void exit(int status)
{
    hooks_were_torn(); /* from a handler, perhaps: destructors must not wait for what it interrupted */
    reals_resolve();
    ((leave_fn)real_exit)(status);
}

/* A handler of the program's may jump away from the abort: then all goes on. */
static bool abort_is_handled(void)
{
    struct sigaction now;
    return real_sigaction(SIGABRT, NULL, &now) == 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN;
}

EXPORT void abort(void)
{
    forks_meet_copy();
    if (!process_is_foreign() && abort_is_handled())
        TELL_HOST_INSIDE(checkpoint);
    else
        forks_finish();
    reals_resolve();
    ((leave_fn)real_abort)(0);
}
