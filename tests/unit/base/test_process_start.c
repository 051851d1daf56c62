/* Tests of the process' start time. */
#include "base/process_start.h"

#include "base/clock.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define TICK_NS (NS_PER_S / sysconf(_SC_CLK_TCK))
#define CLOCK_NS 1000000 /* the two clocks are read one after the other */

/* The child's answer, or exits: it may not go on with the tests. */
static int64_t start_of_child(const char *name)
{
    int ends[2];
    int64_t start_ns = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, name);
        start_ns = process_start_real_ns();
        _exit(write(ends[1], &start_ns, sizeof(start_ns)) == sizeof(start_ns) ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &start_ns, sizeof(start_ns)), sizeof(start_ns));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ends[0]);
    close(ends[1]);
    return start_ns;
}

static void a_childs_start_is_known_to_the_tick(void **state)
{
    (void)state;
    int64_t before_ns = clock_real_ns();
    int64_t start_ns = start_of_child("plain");
    int64_t after_ns = clock_real_ns();
    assert_in_range(start_ns, before_ns - CLOCK_NS, after_ns + TICK_NS + CLOCK_NS);
}

static void a_name_with_parentheses_and_spaces_does_no_harm(void **state)
{
    (void)state;
    int64_t before_ns = clock_real_ns();
    assert_in_range(start_of_child(") R 1 (x"), before_ns - CLOCK_NS, clock_real_ns() + TICK_NS + CLOCK_NS);
}

static void it_does_not_change(void **state)
{
    (void)state;
    int64_t first_ns = process_start_real_ns();
    usleep(30000);
    int64_t second_ns = process_start_real_ns();
    assert_true(llabs(second_ns - first_ns) < CLOCK_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_childs_start_is_known_to_the_tick),
        cmocka_unit_test(a_name_with_parentheses_and_spaces_does_no_harm),
        cmocka_unit_test(it_does_not_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
