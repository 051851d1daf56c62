/* Running work in a child. */
#include "viewer/cli/attempt.h"

#include "viewer/cli/commands.h"
#include "viewer/ctf/salvage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

static _Noreturn void run_child(attempt_work work, void *context, bool is_careful, int messages)
{
    /* An abort is expected: it shall leave no core file. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(messages, STDERR_FILENO);
    int status = work(context, is_careful);
    fflush(NULL);
    _exit(status);
}

/* One try, in a child: whether it came to its end, with its exit status. */
static bool try_once(attempt_work work, void *context, bool is_careful, int *ret_status)
{
    int messages = memfd_create("preflame-messages", MFD_CLOEXEC);
    fflush(NULL);
    pid_t child = messages < 0 ? -1 : fork();
    if (child == 0)
        run_child(work, context, is_careful, messages);
    int status = 0;
    if (child < 0)
        *ret_status = work(context, is_careful);
    else
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    if (WIFSIGNALED(status))
        salvage_clear_after(child);
    else if (child > 0)
        replay(messages);
    if (messages >= 0)
        close(messages);
    if (WIFEXITED(status) && child > 0)
        *ret_status = WEXITSTATUS(status);
    return !WIFSIGNALED(status);
}

int attempt(attempt_work work, void *context)
{
    int status = EXIT_FAILED;
    if (try_once(work, context, false, &status) || try_once(work, context, true, &status))
        return status;
    fprintf(stderr, "preflame: cannot read the input: Babeltrace ends on it, for damage or for memory\n");
    return EXIT_FAILED;
}
