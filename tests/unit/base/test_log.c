/* Tests of the lines on standard error. Descriptor 2 is a pipe while a line is written. */
#include "base/log.h"

#include "base/private_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_headers.h"

static int saved_stderr, pipe_ends[2];

static void open_pipe(enum log_level level)
{
    saved_stderr = dup(2);
    assert_int_equal(pipe2(pipe_ends, O_NONBLOCK), 0);
    assert_int_equal(dup2(pipe_ends[1], 2), 2);
    log_init(level);
}

/* Puts standard error back and returns what was written, as a string. */
static const char *close_pipe(char *text, size_t size)
{
    dup2(saved_stderr, 2);
    close(saved_stderr);
    ssize_t len = read(pipe_ends[0], text, size - 1);
    text[len > 0 ? len : 0] = 0;
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return text;
}

static void a_line_has_the_prefix_and_a_newline_and_keeps_errno(void **state)
{
    (void)state;
    char text[4096];
    open_pipe(LOG_WARN);
    errno = EXDEV;
    log_line(LOG_WARN, "%s is %d", "answer", 42);
    int error = errno;
    assert_string_equal(close_pipe(text, sizeof(text)), "preflame: answer is 42\n");
    assert_int_equal(error, EXDEV);
}

static void levels_above_the_set_one_are_silent(void **state)
{
    (void)state;
    char text[4096];
    open_pipe(LOG_WARN);
    log_line(LOG_INFO, "no");
    log_line(LOG_DEBUG, "no");
    log_line(LOG_ERROR, "yes");
    assert_string_equal(close_pipe(text, sizeof(text)), "preflame: yes\n");
}

static void a_long_line_is_cut_at_a_kibibyte_and_still_ends(void **state)
{
    (void)state;
    char text[4096], longer[3000];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = 0;
    open_pipe(LOG_WARN);
    log_line(LOG_ERROR, "%s", longer);
    close_pipe(text, sizeof(text));
    size_t len = strlen(text);
    assert_true(len <= 1024);
    assert_true(len > 1000);
    assert_memory_equal(text, "preflame: xxx", 13);
    assert_int_equal(text[len - 1], '\n');
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
}

static void nothing_goes_into_what_the_program_put_at_descriptor_2(void **state)
{
    (void)state;
    char text[4096];
    int other[2];
    open_pipe(LOG_WARN);
    assert_int_equal(pipe2(other, O_NONBLOCK), 0);
    dup2(other[1], 2); /* the program's own protocol, say */
    log_line(LOG_ERROR, "lost");
    assert_string_equal(close_pipe(text, sizeof(text)), "");
    assert_int_equal(read(other[0], text, sizeof(text)), -1);
    assert_int_equal(errno, EAGAIN);
    close(other[0]);
    close(other[1]);
}

static void *speak_from_an_own_table(void *is_entered)
{
    *(bool *)is_entered = private_files_enter();
    log_apart();
    log_line(LOG_ERROR, "kept");
    return NULL;
}

static void what_a_thread_with_its_own_table_cannot_say_is_delivered(void **state)
{
    (void)state;
    char text[4096];
    bool is_entered = false;
    pthread_t thread;
    open_pipe(LOG_WARN);
    close(2); /* nothing to borrow, as in a process whose first thread has ended */
    int error = pthread_create(&thread, NULL, speak_from_an_own_table, &is_entered);
    if (!error)
        error = pthread_join(thread, NULL);
    dup2(pipe_ends[1], 2);
    log_deliver();
    log_deliver();
    close_pipe(text, sizeof(text));
    assert_int_equal(error, 0);
    if (!is_entered)
        skip();
    assert_string_equal(text, "preflame: kept\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_prefix_and_a_newline_and_keeps_errno),
        cmocka_unit_test(levels_above_the_set_one_are_silent),
        cmocka_unit_test(a_long_line_is_cut_at_a_kibibyte_and_still_ends),
        cmocka_unit_test(nothing_goes_into_what_the_program_put_at_descriptor_2),
        cmocka_unit_test(what_a_thread_with_its_own_table_cannot_say_is_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
