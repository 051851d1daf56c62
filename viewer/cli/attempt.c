/* Running work in a child. */
#include "viewer/cli/attempt.h"

#include "viewer/cli/commands.h"
#include "viewer/ctf/salvage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void replay(int messages)
{
    char part[4096];
    ssize_t len;
    lseek(messages, 0, SEEK_SET);
    while ((len = read(messages, part, sizeof(part))) > 0)
        fwrite(part, 1, (size_t)len, stderr);
}

static _Noreturn void run_child(attempt_work work, void *context, int messages)
{
    /* An abort is expected: it shall leave no core file. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    dup2(messages, STDERR_FILENO);
    int status = work(context, false);
    fflush(NULL);
    _exit(status);
}

int attempt(attempt_work work, void *context)
{
    int messages = memfd_create("preflame-messages", MFD_CLOEXEC);
    fflush(NULL);
    pid_t child = messages < 0 ? -1 : fork();
    if (child == 0)
        run_child(work, context, messages);
    if (child < 0) {
        if (messages >= 0)
            close(messages);
        return work(context, false);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        salvage_clear_after(child);
    bool is_aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    if (!is_aborted)
        replay(messages);
    close(messages);
    if (is_aborted)
        return work(context, true);
    if (WIFSIGNALED(status))
        fprintf(stderr, "preflame: reading was ended by signal %d; the input may be damaged\n",
                WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}
