/* POSIX on time: timers, clocks, sleeping, and semaphores. */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

static sem_t semaphore;
static atomic_int ticks, got_value, got_code;

static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    atomic_store(&got_value, info->si_value.sival_int);
    atomic_store(&got_code, info->si_code);
    atomic_fetch_add(&ticks, 1);
}

static void in_new_thread(union sigval value)
{
    atomic_store(&got_value, value.sival_int);
    sem_post(&semaphore);
}

static void handle(int number)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_tick;
    action.sa_flags = SA_SIGINFO;
    sigaction(number, &action, NULL);
    atomic_store(&ticks, 0);
}

static void spin_for(int wanted)
{
    struct timespec end = after_ms(CLOCK_MONOTONIC, 10000);
    while (atomic_load(&ticks) < wanted && !has_passed(end, 0)) {
    }
}

static struct itimerspec in_ms(int first, int then)
{
    return (struct itimerspec){.it_value = {.tv_nsec = first * 1000000L},
                               .it_interval = {.tv_nsec = then * 1000000L}};
}

static void timers(void)
{
    timer_t timer;
    struct itimerspec spec = in_ms(20, 0), left, old;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value = {.sival_int = 5}};
    handle(SIGRTMIN);
    clause("create for a wrong clock: EINVAL", timer_create(12345, &event, &timer) == -1 && errno == EINVAL);
    clause("create returns 0", timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    clause("gettime of a disarmed one is 0", !timer_gettime(timer, &left) && left.it_value.tv_nsec == 0);
    struct timespec start = after_ms(CLOCK_MONOTONIC, 0);
    clause("settime returns 0", timer_settime(timer, 0, &spec, &old) == 0);
    clause("gettime tells what is left", !timer_gettime(timer, &left) && left.it_value.tv_nsec <= 20000000);
    spin_for(1);
    clause("its signal comes when the time is over", atomic_load(&ticks) == 1 && has_passed(start, 20));
    clause("si_code is SI_TIMER, its value the given one", got_code == SI_TIMER && got_value == 5);
    clause("one without an interval is disarmed then",
           !timer_gettime(timer, &left) && left.it_value.tv_nsec == 0);
    spec = in_ms(5, 5);
    timer_settime(timer, 0, &spec, NULL);
    spin_for(5);
    clause("one with an interval goes on", atomic_load(&ticks) >= 5);
    spec = in_ms(0, 0);
    timer_settime(timer, 0, &spec, &old);
    clause("settime tells the interval before", old.it_interval.tv_nsec == 5000000);
    clause("and disarms with 0", !timer_gettime(timer, &left) && left.it_value.tv_nsec == 0);
    clause("getoverrun returns no error", timer_getoverrun(timer) >= 0);
    spec.it_value = after_ms(CLOCK_MONOTONIC, 20);
    atomic_store(&ticks, 0);
    start = after_ms(CLOCK_MONOTONIC, 0);
    timer_settime(timer, TIMER_ABSTIME, &spec, NULL);
    spin_for(1);
    clause("an absolute time is kept", atomic_load(&ticks) == 1 && has_passed(start, 19));
    spec.it_value.tv_nsec = 1000000000;
    clause("10^9 nanoseconds: EINVAL", timer_settime(timer, 0, &spec, NULL) == -1 && errno == EINVAL);
    clause("delete returns 0", timer_delete(timer) == 0);
}

static void timers_more(void)
{
    timer_t timer;
    struct itimerspec spec = in_ms(10, 0), left;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value = {.sival_int = 9}};
    event.sigev_notify_function = in_new_thread;
    sem_init(&semaphore, 0, 0);
    clause("SIGEV_THREAD: create returns 0", timer_create(CLOCK_REALTIME, &event, &timer) == 0);
    timer_settime(timer, 0, &spec, NULL);
    while (sem_wait(&semaphore) == -1 && errno == EINTR) {
    }
    clause("SIGEV_THREAD: its function runs, with the value", atomic_load(&got_value) == 9);
    timer_delete(timer);
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_NONE;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    spec = in_ms(5, 0);
    timer_settime(timer, 0, &spec, NULL);
    while (!timer_gettime(timer, &left) && left.it_value.tv_nsec != 0)
        nap();
    clause("SIGEV_NONE: it runs off and nothing comes", left.it_value.tv_sec == 0);
    timer_delete(timer);
    clause("without an event: SIGALRM", timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
    handle(SIGALRM);
    timer_settime(timer, 0, &spec, NULL);
    spin_for(1);
    clause("and it comes", atomic_load(&ticks) == 1);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(timer_gettime(timer, &left) == -1 && errno == EINVAL ? 0 : 1);
    }
    clause("timers are not inherited by a child", status_of(pid) == 0);
    timer_delete(timer);
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGPROF;
    handle(SIGPROF);
    timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer);
    spec = in_ms(20, 0);
    timer_settime(timer, 0, &spec, NULL);
    spin_for(1);
    clause("a timer on the process' CPU time ticks", atomic_load(&ticks) == 1);
    timer_delete(timer);
    timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer);
    atomic_store(&ticks, 0);
    timer_settime(timer, 0, &spec, NULL);
    spin_for(1);
    clause("and one on the thread's", atomic_load(&ticks) == 1);
    timer_delete(timer);
    timer_t many[64];
    int made = 0;
    while (made < 64 && timer_create(CLOCK_MONOTONIC, &event, &many[made]) == 0)
        made++;
    clause("64 timers can be made", made == 64);
    while (made > 0)
        timer_delete(many[--made]);
}

static void interval(int which, int number, const char *comes)
{
    struct itimerval value = {.it_value = {.tv_usec = 20000}}, left;
    handle(number);
    setitimer(which, &value, NULL);
    spin_for(1);
    clause(comes, atomic_load(&ticks) == 1 && getitimer(which, &left) == 0 && left.it_value.tv_usec == 0);
}

static void intervals(void)
{
    alarm(0);
    interval(ITIMER_REAL, SIGALRM, "ITIMER_REAL: SIGALRM comes once");
    interval(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL: SIGVTALRM comes once");
    interval(ITIMER_PROF, SIGPROF, "ITIMER_PROF: SIGPROF comes once");
    alarm(100);
    unsigned left = alarm(0);
    clause("alarm returns what was left", left == 100 || left == 99);
    clause("and 0 when none was set", alarm(0) == 0);
    alarm(100);
    pid_t pid = fork();
    if (pid == 0)
        _exit((int)alarm(0));
    clause("a child has no alarm", status_of(pid) == 0);
    alarm(60);
    clause("a wrong timer: EINVAL",
           getitimer((__itimer_which_t)99, &(struct itimerval){.it_value = {0}}) == -1);
}

static void sleeping(void)
{
    struct timespec time = {.tv_nsec = 30000000}, start = after_ms(CLOCK_MONOTONIC, 0);
    clause("nanosleep returns 0", nanosleep(&time, NULL) == 0);
    clause("and not early", has_passed(start, 30));
    time.tv_nsec = 1000000000;
    clause("10^9 nanoseconds: EINVAL", nanosleep(&time, NULL) == -1 && errno == EINVAL);
    time.tv_nsec = -1;
    clause("negative ones: EINVAL", nanosleep(&time, NULL) == -1 && errno == EINVAL);
    start = after_ms(CLOCK_MONOTONIC, 0);
    time = after_ms(CLOCK_MONOTONIC, 30);
    clause("clock_nanosleep of an absolute time",
           clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == 0);
    clause("and not early", has_passed(start, 29));
    clause("of one that has passed", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == 0);
    time.tv_nsec = 1000000000;
    clause("clock_nanosleep returns the error", clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL) == EINVAL);
    time = (struct timespec){.tv_nsec = 1};
    clause("of its own CPU time: EINVAL", clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL) == EINVAL);
    struct timespec first, second;
    clock_gettime(CLOCK_MONOTONIC, &first);
    clock_gettime(CLOCK_MONOTONIC, &second);
    clause("the monotonic clock does not go back", has_passed(first, 0) && second.tv_sec >= first.tv_sec);
    clause("a wrong clock: EINVAL", clock_gettime(12345, &first) == -1 && errno == EINVAL);
    clockid_t clock;
    clause("pthread_getcpuclockid of itself", pthread_getcpuclockid(pthread_self(), &clock) == 0);
    clause("can be read", clock_gettime(clock, &first) == 0);
}

static void *wait_forever(void *argument)
{
    sem_wait(argument);
    return NULL;
}

static void semaphores(void)
{
    int value = -1;
    struct timespec when = after_ms(CLOCK_REALTIME, 30), start = after_ms(CLOCK_MONOTONIC, 0);
    clause("init of more than SEM_VALUE_MAX: EINVAL",
           sem_init(&semaphore, 0, 1U << 31) == -1 && errno == EINVAL);
    clause("init returns 0", sem_init(&semaphore, 0, 2) == 0);
    clause("getvalue tells it", sem_getvalue(&semaphore, &value) == 0 && value == 2);
    clause("wait and trywait take one", sem_wait(&semaphore) == 0 && sem_trywait(&semaphore) == 0);
    clause("trywait of none: EAGAIN", sem_trywait(&semaphore) == -1 && errno == EAGAIN);
    clause("sem_timedwait: ETIMEDOUT", sem_timedwait(&semaphore, &when) == -1 && errno == ETIMEDOUT);
    clause("not before the time", has_passed(start, 29));
    clause("nor after one that has passed", sem_timedwait(&semaphore, &when) == -1 && errno == ETIMEDOUT);
    when.tv_nsec = 1000000000;
    clause("sem_timedwait EINVAL for 10^9 nanoseconds",
           sem_timedwait(&semaphore, &when) == -1 && errno == EINVAL);
    clause("post adds one", sem_post(&semaphore) == 0 && sem_getvalue(&semaphore, &value) == 0 && value == 1);
    clause("which is taken though the time has passed",
           sem_timedwait(&semaphore, &(struct timespec){.tv_sec = 1}) == 0);
    handle(SIGALRM);
    ualarm(20000, 0);
    clause("wait: EINTR after a handler", sem_wait(&semaphore) == -1 && errno == EINTR && ticks == 1);
    ualarm(20000, 0);
    when = after_ms(CLOCK_REALTIME, 20000);
    clause("sem_timedwait too", sem_timedwait(&semaphore, &when) == -1 && errno == EINTR && ticks == 2);
    alarm(60);
    pthread_t thread;
    void *result = NULL;
    pthread_create(&thread, NULL, wait_forever, &semaphore);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    clause("wait is a cancellation point", result == PTHREAD_CANCELED);
    sem_getvalue(&semaphore, &value);
    clause("a cancelled wait takes nothing", value == 0);
    clause("destroy returns 0", sem_destroy(&semaphore) == 0);
    sem_init(&semaphore, 0, 0x7fffffff);
    clause("post beyond SEM_VALUE_MAX: EOVERFLOW", sem_post(&semaphore) == -1 && errno == EOVERFLOW);
    sem_destroy(&semaphore);
    sem_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(shared, 1, 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(sem_post(shared));
    clause("a child's post ends the parent's wait", sem_wait(shared) == 0 && status_of(pid) == 0);
    munmap(shared, sizeof *shared);
    char name[64];
    snprintf(name, sizeof name, "/preflame-posix-%d", (int)getpid());
    sem_t *named = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
    bool is_made = named != SEM_FAILED && named != NULL;
    clause("sem_open makes one", is_made);
    if (!is_made)
        return;
    clause("with the value given", sem_trywait(named) == 0 && sem_trywait(named) == -1);
    clause("O_EXCL: EEXIST", sem_open(name, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
    clause("sem_open again is the same", sem_open(name, 0) == named);
    clause("sem_unlink returns 0", sem_unlink(name) == 0);
    clause("then there is none: ENOENT", sem_open(name, 0) == SEM_FAILED && errno == ENOENT);
    clause("sem_close returns 0", sem_close(named) == 0);
}

int main(void)
{
    static const struct interface rows[] = {
        {"timer", timers},       {"timer_create", timers_more}, {"setitimer", intervals},
        {"nanosleep", sleeping}, {"sem", semaphores},
    };
    return posix_main(rows, sizeof rows / sizeof *rows);
}
