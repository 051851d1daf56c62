/* The helper works, and the program doesn't see it. */
#include "cmocka_headers.h"

#include "base/clock.h"
#include "exporters/helper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_NS (20 * NS_PER_S)

static atomic_int sigchld_count;

static void count_sigchld(int number)
{
    (void)number;
    atomic_fetch_add(&sigchld_count, 1);
}

/* The program looks for children in its way. */
static void assert_sees_no_child(void)
{
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(atomic_load(&sigchld_count), 0);
}

static void assert_no_child(void)
{
    assert_sees_no_child();
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    assert_int_equal(errno, ECHILD);
}

/* Until the program has no child at all, of no kind. */
static void reap_all(void)
{
    int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;
    while (helper_reap())
        assert_true(clock_mono_ns() < deadline_ns);
    assert_no_child();
}

static char *run_text(const char *const *argv, const char *const *env, struct bytes *out)
{
    const struct helper_command command = {.argv = argv, .env = env};
    bytes_init(out, 1 << 20);
    assert_int_equal(helper_run(&command, "", 0, PATIENCE_NS, out), 0);
    return (char *)(uintptr_t)bytes_text(out);
}

static void large_input_comes_back_whole(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/cat", NULL};
    const struct helper_command command = {.argv = argv};
    size_t len = (size_t)3 << 20;
    char *input = malloc(len);
    assert_non_null(input);
    for (size_t i = 0; i < len; i++)
        input[i] = (char)(i * 7 + i / 251);
    struct bytes out;
    bytes_init(&out, len);
    assert_int_equal(helper_run(&command, input, len, PATIENCE_NS, &out), 0);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, input, len);
    bytes_clear(&out);
    bytes_init(&out, len - 1);
    assert_int_equal(helper_run(&command, input, len, PATIENCE_NS, &out), -EFBIG);
    bytes_clear(&out);
    free(input);
}

static void program_sees_no_child_before_during_and_after(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/cat", NULL};
    const struct helper_command command = {.argv = argv};
    struct helper helper;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_no_child();
    assert_int_equal(helper_start(&command, ends[0], &helper), 0);
    assert_int_equal(kill(helper.pid, 0), 0);
    assert_no_child();
    /* It waits for us now; let it end, and read until its output does. */
    assert_int_equal(write(ends[1], "done", 4), 4);
    close(ends[0]);
    close(ends[1]);
    struct bytes out;
    bytes_init(&out, 100);
    int got = 1;
    while (got == 1 || got == -EAGAIN) {
        struct pollfd readable = {.fd = helper.output_fd, .events = POLLIN};
        assert_int_equal(poll(&readable, 1, 20000), 1);
        got = helper_read(&helper, &out);
    }
    assert_int_equal(got, 0);
    assert_string_equal(bytes_text(&out), "done");
    struct pollfd ended = {.fd = helper.pidfd, .events = POLLIN};
    assert_int_equal(poll(&ended, 1, 20000), 1);
    assert_no_child();
    helper_close(&helper);
    helper_close(&helper);
    bytes_clear(&out);
}

static void slow_helper_is_killed_at_the_deadline(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/sh", "-c", "echo $$; exec sleep 1000", NULL};
    const struct helper_command command = {.argv = argv};
    struct bytes out;
    bytes_init(&out, 100);
    assert_int_equal(helper_run(&command, "", 0, 300000000, &out), -ETIMEDOUT);
    /* Whoever inherited it may reap it at once: a missing process is as good as a dead one. */
    int pidfd = (int)syscall(SYS_pidfd_open, atoi(bytes_text(&out)), 0);
    if (pidfd >= 0) {
        struct pollfd ended = {.fd = pidfd, .events = POLLIN};
        assert_int_equal(poll(&ended, 1, 20000), 1);
        close(pidfd);
    } else {
        assert_int_equal(errno, ESRCH);
    }
    bytes_clear(&out);
    reap_all();
}

static void missing_program_is_an_error_and_nothing_is_left(void **state)
{
    (void)state;
    static const char *const argv[] = {"/does/not/exist", NULL};
    const struct helper_command command = {.argv = argv};
    int before = dup(0);
    close(before);
    struct bytes out;
    bytes_init(&out, 100);
    assert_int_equal(helper_run(&command, "", 0, PATIENCE_NS, &out), -ENOENT);
    assert_int_equal(out.len, 0);
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
    assert_no_child();
}

static void only_three_descriptors_are_open_in_the_helper(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/ls", "/proc/self/fd", NULL};
    struct bytes out;
    int extra = dup(2);                                              /* without close-on-exec */
    assert_string_equal(run_text(argv, NULL, &out), "0\n1\n2\n3\n"); /* 3: the folder that ls reads */
    close(extra);
    bytes_clear(&out);
}

static void signals_are_as_a_fresh_process_has_them(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status", NULL};
    struct bytes out;
    sigset_t set, kept;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &kept);
    signal(SIGUSR2, SIG_IGN);
    const char *text = run_text(argv, NULL, &out);
    signal(SIGUSR2, SIG_DFL);
    sigset_t now;
    sigprocmask(SIG_SETMASK, &kept, &now);
    assert_true(sigismember(&now, SIGUSR1));
    assert_false(sigismember(&now, SIGTERM));
    assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
    assert_non_null(strstr(text, "SigIgn:\t0000000000000000"));
    bytes_clear(&out);
}

static void environment_is_what_was_given(void **state)
{
    (void)state;
    static const char *const argv[] = {"/usr/bin/env", NULL};
    static const char *const from[] = {
        "PATH=/bin",         "LD_PRELOAD=x.so", "PREFLAME_HTTP=6060",   "HOME=/h",
        "LD_LIBRARY_PATH=/", "PREFLAME=off",    "GLIBC_TUNABLES=a.b=c", NULL};
    struct bytes out;
    char **env = helper_environment_new(from);
    assert_non_null(env);
    assert_string_equal(run_text(argv, (const char *const *)env, &out), "PATH=/bin\nHOME=/h\n");
    bytes_clear(&out);
    assert_string_equal(run_text(argv, NULL, &out), "");
    bytes_clear(&out);
    free(env);
}

static atomic_bool is_over;

static void *allocate_all_the_time(void *context)
{
    size_t size = 16;
    while (!atomic_load(&is_over)) {
        free(malloc(size));
        size = size * 3 % 100003 + 1;
    }
    return context;
}

static void *run_twenty(void *context)
{
    static const char *const argv[] = {"/bin/cat", NULL};
    const struct helper_command command = {.argv = argv, .nice_add = 5};
    intptr_t failures = 0;
    for (int i = 0; i < 20; i++) {
        struct bytes out;
        bytes_init(&out, 100);
        failures +=
            helper_run(&command, "text", 4, PATIENCE_NS, &out) || strcmp(bytes_text(&out), "text") != 0;
        bytes_clear(&out);
    }
    (void)context;
    return (void *)failures;
}

static void many_threads_start_helpers_at_once(void **state)
{
    (void)state;
    pthread_t busy, threads[4];
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&busy, NULL, allocate_all_the_time, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_twenty, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *failures = NULL;
        pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    atomic_store(&is_over, true);
    pthread_join(busy, NULL);
    assert_no_child();
}

static int become_subreaper(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int be_no_subreaper(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* It lives on when its output has ended, as one that saves its cache. */
static void subreaper_sees_no_child_either(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/sh", "-c", "exec >&-; read line", NULL};
    const struct helper_command command = {.argv = argv};
    struct helper helper;
    struct bytes out;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    bytes_init(&out, 100);
    assert_int_equal(helper_start(&command, ends[0], &helper), 0);
    assert_sees_no_child();
    struct pollfd readable = {.fd = helper.output_fd, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 20000), 1);
    assert_int_equal(helper_read(&helper, &out), 0);
    int64_t begin_ns = clock_mono_ns();
    helper_close(&helper);
    assert_true(clock_mono_ns() - begin_ns < NS_PER_S / 5); /* nobody waits for it */
    assert_true(helper_reap());
    assert_sees_no_child();
    close(ends[0]);
    close(ends[1]);
    reap_all();
    bytes_clear(&out);
}

/* Its end is nobody's: not a child's time, not a zombie. */
static void subreaper_is_not_charged(void **state)
{
    (void)state;
    static const char *const argv[] = {"/bin/sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done",
                                       NULL};
    struct bytes out;
    struct rusage before, after;
    getrusage(RUSAGE_CHILDREN, &before);
    run_text(argv, NULL, &out);
    reap_all();
    getrusage(RUSAGE_CHILDREN, &after);
    assert_true((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 + after.ru_utime.tv_usec -
                    before.ru_utime.tv_usec <
                20000);
    bytes_clear(&out);
}

int main(void)
{
    signal(SIGCHLD, count_sigchld);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_input_comes_back_whole),
        cmocka_unit_test(program_sees_no_child_before_during_and_after),
        cmocka_unit_test(slow_helper_is_killed_at_the_deadline),
        cmocka_unit_test(missing_program_is_an_error_and_nothing_is_left),
        cmocka_unit_test(only_three_descriptors_are_open_in_the_helper),
        cmocka_unit_test(signals_are_as_a_fresh_process_has_them),
        cmocka_unit_test(environment_is_what_was_given),
        cmocka_unit_test(many_threads_start_helpers_at_once),
        cmocka_unit_test_setup_teardown(subreaper_sees_no_child_either, become_subreaper, be_no_subreaper),
        cmocka_unit_test_setup_teardown(subreaper_is_not_charged, become_subreaper, be_no_subreaper),
        cmocka_unit_test_setup_teardown(slow_helper_is_killed_at_the_deadline, become_subreaper,
                                        be_no_subreaper),
        cmocka_unit_test_setup_teardown(missing_program_is_an_error_and_nothing_is_left, become_subreaper,
                                        be_no_subreaper),
        cmocka_unit_test_setup_teardown(only_three_descriptors_are_open_in_the_helper, become_subreaper,
                                        be_no_subreaper),
        cmocka_unit_test_setup_teardown(signals_are_as_a_fresh_process_has_them, become_subreaper,
                                        be_no_subreaper),
        cmocka_unit_test_setup_teardown(many_threads_start_helpers_at_once, become_subreaper,
                                        be_no_subreaper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
