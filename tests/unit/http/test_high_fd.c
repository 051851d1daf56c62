/* Our descriptors stay out of the low numbers. */
#include "cmocka_headers.h"

#include "exporters/high_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

static int next_low_number(void)
{
    int fd = eventfd(0, 0);
    assert_true(fd >= 0);
    close(fd);
    return fd;
}

static void moved_descriptor_is_high_and_close_on_exec(void **state)
{
    (void)state;
    int low = eventfd(5, 0);
    int fd = high_fd(low);
    assert_true(fd >= HIGH_FD_FLOOR);
    assert_int_equal(fcntl(low, F_GETFD), -1);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    eventfd_t value = 0;
    assert_int_equal(eventfd_read(fd, &value), 0);
    assert_int_equal(value, 5);
    assert_int_equal(high_fd(fd), fd);
    close(fd);
}

static void failed_call_passes_through(void **state)
{
    (void)state;
    assert_int_equal(high_fd(open("/does/not/exist", O_RDONLY)), -1);
    assert_int_equal(errno, ENOENT);
}

static void low_limit_gives_the_highest_there_is(void **state)
{
    (void)state;
    struct rlimit kept, small;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    small = kept;
    small.rlim_cur = 256;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    int fd = high_fd(eventfd(0, 0));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_in_range(fd, 128, 255);
    close(fd);
}

static void open_two(void *context)
{
    int *fds = context;
    fds[0] = eventfd(0, EFD_CLOEXEC);
    fds[1] = eventfd(0, EFD_CLOEXEC);
}

static void library_descriptors_land_high_and_are_listed(void **state)
{
    (void)state;
    int before = next_low_number();
    int made[2], seen[4];
    assert_int_equal(high_fd_while_low_taken(open_two, made, seen, 4), 2);
    assert_true(made[0] >= HIGH_FD_FLOOR && made[1] >= HIGH_FD_FLOOR);
    assert_int_equal(seen[0], made[0]);
    assert_int_equal(seen[1], made[1]);
    assert_int_equal(next_low_number(), before);
    close(made[0]);
    close(made[1]);
}

static void without_room_above_the_work_is_done_below(void **state)
{
    (void)state;
    struct rlimit kept, small;
    int before = next_low_number();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    small = kept;
    small.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    int made[2], seen[4];
    size_t count = high_fd_while_low_taken(open_two, made, seen, 4);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_int_equal(count, 0);
    assert_in_range(made[0], 0, 63);
    assert_in_range(made[1], 0, 63);
    close(made[0]);
    close(made[1]);
    assert_int_equal(next_low_number(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moved_descriptor_is_high_and_close_on_exec),
        cmocka_unit_test(failed_call_passes_through),
        cmocka_unit_test(low_limit_gives_the_highest_there_is),
        cmocka_unit_test(library_descriptors_land_high_and_are_listed),
        cmocka_unit_test(without_room_above_the_work_is_done_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
