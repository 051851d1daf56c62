/* A plugin whose constructor forks, again and again, until standard input ends. The loader's lock is held
 * meanwhile. */
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int input_goes_on(int timeout_ms)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, timeout_ms) == 0;
}

__attribute__((constructor)) static void fork_on(void)
{
    while (input_goes_on(1)) {
        pid_t pid = fork();
        int status = 0;
        if (pid == 0) {
            _exit(3);
        }
        if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 3) {
            abort();
        }
    }
}
