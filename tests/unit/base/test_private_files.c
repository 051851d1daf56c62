/* Tests of threads with a descriptor table of their own. What a thread saw is judged in the main thread: a
 * failing assertion leaves by longjmp. */
#include "base/private_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define PROBED_FDS 64

/* What a thread found in its table, and what it did there. */
struct visit {
    int program_fd; /* open in the program; in: -1 = none */
    bool is_entered;
    bool is_null[3];       /* 0, 1 and 2 are /dev/null */
    int open_count;        /* of the first PROBED_FDS numbers */
    int own_fd;            /* opened in the own table, left open */
    int borrow_error;      /* of borrowing a number that the program hasn't open */
    int borrowed;          /* a copy of program_fd */
    struct stat of_borrow; /* what it is */
    ssize_t written;       /* to program_fd by way of the copy */
};

static bool is_dev_null(int fd)
{
    struct stat null, status;
    return stat("/dev/null", &null) == 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
           status.st_rdev == null.st_rdev;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void *visit_own_table(void *data)
{
    struct visit *visit = data;
    visit->is_entered = private_files_enter();
    if (!visit->is_entered)
        return NULL;
    for (int fd = 0; fd < PROBED_FDS; fd++)
        visit->open_count += is_open(fd);
    for (int fd = 0; fd < 3; fd++)
        visit->is_null[fd] = is_dev_null(fd);
    visit->borrow_error = private_files_borrow(PROBED_FDS - 1);
    visit->borrowed = private_files_borrow(visit->program_fd);
    if (visit->borrowed >= 0) {
        fstat(visit->borrowed, &visit->of_borrow);
        visit->written = write(visit->borrowed, "hello", 5);
    }
    visit->own_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    return NULL;
}

/* Runs the visit in a thread of its own; skips the test where the kernel refuses. */
static void run(struct visit *visit)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, visit_own_table, visit), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (!visit->is_entered)
        skip();
}

static void a_thread_that_enters_has_only_dev_null(void **state)
{
    (void)state;
    struct visit visit = {.program_fd = -1};
    run(&visit);
    assert_int_equal(visit.open_count, 3);
    for (int fd = 0; fd < 3; fd++)
        assert_true(visit.is_null[fd]);
}

static void the_program_keeps_its_descriptors(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    bool was_open[PROBED_FDS];
    for (int fd = 0; fd < PROBED_FDS; fd++)
        was_open[fd] = is_open(fd);
    struct visit visit = {.program_fd = -1};
    run(&visit);
    assert_true(visit.own_fd >= 0);
    for (int fd = 0; fd < PROBED_FDS; fd++)
        assert_int_equal(is_open(fd), was_open[fd]);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void borrowing_gives_what_the_program_has_at_2_now(void **state)
{
    (void)state;
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    struct stat expected;
    assert_int_equal(fstat(pipe_fds[1], &expected), 0);
    assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
    struct visit visit = {.program_fd = STDERR_FILENO};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, visit_own_table, &visit);
    if (!error)
        error = pthread_join(thread, NULL);
    dup2(kept, STDERR_FILENO); /* before anything can fail: that is where cmocka writes */
    close(kept);
    assert_int_equal(error, 0);
    if (!visit.is_entered || visit.borrowed == -EPERM || visit.borrowed == -ENOSYS)
        skip();
    assert_true(visit.borrowed > 2);
    assert_true(visit.of_borrow.st_dev == expected.st_dev && visit.of_borrow.st_ino == expected.st_ino);
    assert_int_equal(visit.written, 5);
    char text[8] = "";
    assert_int_equal(read(pipe_fds[0], text, sizeof(text) - 1), 5);
    assert_string_equal(text, "hello");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void borrowing_what_is_not_open_says_so(void **state)
{
    (void)state;
    assert_false(is_open(PROBED_FDS - 1));
    struct visit visit = {.program_fd = -1};
    run(&visit);
    if (visit.borrow_error == -EPERM || visit.borrow_error == -ENOSYS)
        skip();
    assert_int_equal(visit.borrow_error, -EBADF);
    assert_int_equal(visit.borrowed, -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_enters_has_only_dev_null),
        cmocka_unit_test(the_program_keeps_its_descriptors),
        cmocka_unit_test(borrowing_gives_what_the_program_has_at_2_now),
        cmocka_unit_test(borrowing_what_is_not_open_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
