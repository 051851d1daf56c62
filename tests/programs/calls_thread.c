/* Every interposed thread call: starting, ending, joining, detaching, naming, with what programs may rely on.
 */
#include "transcript.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

static sem_t may_end;
static pthread_key_t key;

static void *return_argument(void *arg)
{
    return arg;
}

static void *wait_to_end(void *arg)
{
    sem_wait(&may_end);
    return arg;
}

static void on_cleanup(void *arg)
{
    transcript_line("cleanup %s", (const char *)arg);
}

static void on_key_destroyed(void *arg)
{
    transcript_line("thread-specific value %s destroyed", (const char *)arg);
}

static void exit_from_below(void)
{
    pthread_exit((void *)(intptr_t)42);
}

static void *exit_in_the_middle(void *arg)
{
    static char value[] = "one";
    static char outer[] = "outer", inner[] = "inner";
    pthread_setspecific(key, value);
    pthread_cleanup_push(on_cleanup, outer);
    pthread_cleanup_push(on_cleanup, inner);
    exit_from_below();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return arg;
}

static void starting_and_joining(void)
{
    pthread_t thread;
    void *result = NULL;
    errno = ENOTBLK;
    int error = pthread_create(&thread, NULL, return_argument, (void *)(intptr_t)11);
    transcript_line("pthread_create = %d, errno kept: %s", error, errno == ENOTBLK ? "yes" : "no");
    errno = ENOTBLK;
    error = pthread_join(thread, &result);
    transcript_line("pthread_join = %d, value %ld, errno kept: %s", error, (long)(intptr_t)result,
                    errno == ENOTBLK ? "yes" : "no");
    pthread_create(&thread, NULL, exit_in_the_middle, NULL);
    pthread_join(thread, &result);
    transcript_line("pthread_exit gave %ld", (long)(intptr_t)result);
    transcript_line("pthread_join of itself = %s", strerrorname_np(pthread_join(pthread_self(), NULL)));
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    transcript_line("setting 2^46 bytes of stack = %d", pthread_attr_setstacksize(&attr, (size_t)1 << 46));
    error = pthread_create(&thread, &attr, return_argument, NULL);
    transcript_line("pthread_create with 2^46 bytes of stack = %s",
                    error != 0 ? strerrorname_np(error) : "0");
    pthread_attr_destroy(&attr);
}

static void detaching(void)
{
    pthread_t thread;
    sem_init(&may_end, 0, 0);
    pthread_create(&thread, NULL, wait_to_end, NULL);
    transcript_line("pthread_detach = %d", pthread_detach(thread));
    transcript_line("pthread_detach again = %s", strerrorname_np(pthread_detach(thread)));
    transcript_line("pthread_join of a detached thread = %s", strerrorname_np(pthread_join(thread, NULL)));
    sem_post(&may_end);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    transcript_line("pthread_create detached = %d", pthread_create(&thread, &attr, wait_to_end, NULL));
    transcript_line("pthread_join of it = %s", strerrorname_np(pthread_join(thread, NULL)));
    sem_post(&may_end);
    pthread_attr_destroy(&attr);
}

static void *describe_itself(void *arg)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    int blocked = 0;
    for (int number = 1; number < 32; number++) {
        blocked += sigismember(&mask, number);
    }
    transcript_line("a new thread has %d blocked signals, SIGUSR2 %s", blocked,
                    sigismember(&mask, SIGUSR2) ? "among them" : "not among them");
    pthread_attr_t attr;
    void *stack = NULL;
    size_t size = 0;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &stack, &size);
    char *here = (char *)&attr;
    transcript_line("its stack has %zu bytes, it runs there: %s", size,
                    here >= (char *)stack && here < (char *)stack + size ? "yes" : "no");
    if (arg != NULL) {
        transcript_line("the stack is the given one: %s", stack == arg ? "yes" : "no");
    }
    pthread_attr_destroy(&attr);
    return NULL;
}

static void inheriting(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, describe_itself, NULL);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
    size_t size = 256 * 1024;
    void *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstack(&attr, stack, size);
    int error = pthread_create(&thread, &attr, describe_itself, stack);
    pthread_join(thread, NULL);
    transcript_line("pthread_create on an own stack = %d", error);
    pthread_attr_destroy(&attr);
    munmap(stack, size);
}

static long call_join(int where)
{
    (void)where;
    static pthread_t sleeper;
    pthread_create(&sleeper, NULL, wait_to_end, NULL);
    return pthread_join(sleeper, NULL);
}

static void cancelled_join(void)
{
    struct blocked_thread b = {.call = call_join};
    blocked_start(&b);
    transcript_line("pthread_join cancelled: %s", blocked_cancel(&b) ? "yes" : "no");
    transcript_line("its cleanup %s", b.has_cleaned ? "ran" : "did not run");
    sem_post(&may_end);
}

static int c11_main(void *arg)
{
    if (arg != NULL) {
        thrd_exit(99);
    }
    return 5;
}

static void c11_threads(void)
{
    thrd_t thread;
    int result = 0;
    static int marker;
    transcript_line("thrd_create = %d", thrd_create(&thread, c11_main, NULL));
    int joined = thrd_join(thread, &result);
    transcript_line("thrd_join = %d, value %d", joined, result);
    thrd_create(&thread, c11_main, &marker);
    joined = thrd_join(thread, &result);
    transcript_line("thrd_exit, thrd_join = %d, value %d", joined, result);
}

/* The only thread of a program cancels itself, and meets the cancellation where it next may. */
static void cancelling_itself_alone(void)
{
    static char name[] = "of the only thread";
    int ends[2];
    char byte;
    if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) {
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        pthread_cleanup_push(on_cleanup, name);
        transcript_line("pthread_cancel of itself = %d", pthread_cancel(pthread_self()));
        transcript_line("read %zd, which should not return", read(ends[0], &byte, 1));
        pthread_cleanup_pop(0);
        _exit(9);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    transcript_line("a program that cancels its only thread ends with status %d", WEXITSTATUS(status));
    close(ends[0]);
    close(ends[1]);
}

static void naming(void)
{
    char name[32] = "";
    transcript_line("pthread_setname_np = %d", pthread_setname_np(pthread_self(), "plain name"));
    pthread_getname_np(pthread_self(), name, sizeof name);
    transcript_line("the name is \"%s\"", name);
    transcript_line("a name of 16 letters = %s",
                    strerrorname_np(pthread_setname_np(pthread_self(), "sixteen letters!")));
    pthread_getname_np(pthread_self(), name, sizeof name);
    transcript_line("the name is \"%s\"", name);
}

int main(void)
{
    transcript_begin();
    cancelling_itself_alone();
    pthread_key_create(&key, on_key_destroyed);
    starting_and_joining();
    detaching();
    inheriting();
    sem_init(&may_end, 0, 0);
    cancelled_join();
    c11_threads();
    naming();
    return 0;
}
