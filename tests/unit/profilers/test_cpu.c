/* Tests of the CPU profiler's timers: who has one, and that none is left over. */
#include "profilers/cpu.h"

#include "capture/sample_handler.h"
#include "fixture.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define HZ 100

static bool has_timer(const struct thread_slot *slot)
{
    return (uint32_t)atomic_load(&slot->timer) == TIMER_ARMED;
}

/* The kernel's list of this process' timers has a line "ID: ..." for each. */
static unsigned timers_of_kernel(void)
{
    unsigned count = 0;
    char line[256];
    FILE *file = fopen("/proc/self/timers", "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        count += strncmp(line, "ID:", 3) == 0;
    fclose(file);
    return count;
}

static int set_up(void **state)
{
    (void)state;
    if (!capture.threads)
        fixture_open();
    fixture_enter_thread();
    capture.cookie = (uintptr_t)&capture;
    /* By the system call: some signals are the C library's own. Blocked all the time, it needs no handler. */
    uint64_t one = UINT64_C(1) << (SAMPLE_SIGNAL - 1);
    return (int)syscall(SYS_rt_sigprocmask, SIG_BLOCK, &one, NULL, sizeof(one));
}

static int tear_down(void **state)
{
    (void)state;
    cpu_stop();
    fixture_leave_thread();
    return 0;
}

/* A thread that nobody told of. */
struct stranger {
    pthread_t thread;
    sem_t has_begun, may_end;
    int32_t tid;
};

static void *be_there(void *argument)
{
    struct stranger *stranger = argument;
    stranger->tid = (int32_t)syscall(SYS_gettid);
    sem_post(&stranger->has_begun);
    sem_wait(&stranger->may_end);
    return NULL;
}

static void begin(struct stranger *stranger)
{
    sem_init(&stranger->has_begun, 0, 0);
    sem_init(&stranger->may_end, 0, 0);
    assert_int_equal(pthread_create(&stranger->thread, NULL, be_there, stranger), 0);
    sem_wait(&stranger->has_begun);
}

static void end(struct stranger *stranger)
{
    sem_post(&stranger->may_end);
    pthread_join(stranger->thread, NULL);
    while (syscall(SYS_tgkill, getpid(), stranger->tid, 0) == 0)
        ; /* the join is told a moment before the kernel is done */
}

static void starting_arms_and_stopping_leaves_no_timer(void **state)
{
    (void)state;
    unsigned before = timers_of_kernel();
    assert_int_equal(cpu_start(HZ, false), 0);
    assert_true(has_timer(thread_self.slot));
    assert_int_equal(timers_of_kernel(), before + 1);
    cpu_stop();
    assert_false(has_timer(thread_self.slot));
    assert_int_equal(timers_of_kernel(), before);
}

static void starting_again_while_a_thread_has_its_timer_is_fine(void **state)
{
    (void)state;
    assert_int_equal(cpu_start(HZ, false), 0);
    assert_int_equal(cpu_start(HZ, true), 0);
    assert_true(has_timer(thread_self.slot));
}

static void the_scan_arms_a_known_thread_that_was_missed(void **state)
{
    (void)state;
    assert_int_equal(cpu_start(HZ, false), 0);
    struct stranger stranger;
    begin(&stranger);
    struct thread_slot *slot = thread_slot_take(capture.threads);
    atomic_store(&slot->tid, stranger.tid);
    cpu_arm_strangers();
    assert_true(has_timer(slot));
    cpu_stop();
    end(&stranger);
    thread_slot_leave(capture.threads, slot);
}

static void a_stranger_is_found_and_forgotten_with_its_timer(void **state)
{
    (void)state;
    assert_int_equal(cpu_start(HZ, false), 0);
    unsigned before = timers_of_kernel();
    struct stranger stranger;
    begin(&stranger);
    cpu_arm_strangers();
    struct thread_slot *slot = thread_slot_find(capture.threads, stranger.tid);
    assert_non_null(slot);
    assert_true(has_timer(slot));
    cpu_arm_strangers();
    assert_ptr_equal(thread_slot_find(capture.threads, stranger.tid), slot);
    assert_int_equal(timers_of_kernel(), before + 1);
    end(&stranger);
    cpu_arm_strangers();
    assert_null(thread_slot_find(capture.threads, stranger.tid));
    assert_int_equal(atomic_load(&slot->state), SLOT_FREE);
    assert_int_equal(timers_of_kernel(), before);
}

static void refused_timers_are_counted_once_a_thread(void **state)
{
    (void)state;
    struct rlimit kept, none = {0, 0};
    uint64_t before = atomic_load(&capture.sampling.refused_timers);
    assert_int_equal(getrlimit(RLIMIT_SIGPENDING, &kept), 0);
    none.rlim_max = kept.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &none), 0);
    assert_int_equal(cpu_start(HZ, false), -ENOTSUP);
    cpu_arm_strangers();
    assert_int_equal(atomic_load(&capture.sampling.refused_timers), before + 1);
    assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &kept), 0);
    cpu_arm_strangers();
    assert_true(has_timer(thread_self.slot));
}

#define COMERS 4
#define LIVES 3000

static atomic_bool is_over;

/* Threads of the program, one after the other, as hooks have them begin and end. */
static void *live_many_lives(void *argument)
{
    for (int i = 0; i < LIVES && !atomic_load(&is_over); i++) {
        struct thread_slot *slot = thread_slot_take(capture.threads);
        atomic_store_explicit(&slot->tid, (int32_t)syscall(SYS_gettid), memory_order_release);
        cpu_arm_self(slot);
        cpu_disarm_self(slot);
        thread_slot_leave(capture.threads, slot);
    }
    return argument;
}

static void threads_that_come_and_go_leave_no_timer(void **state)
{
    (void)state;
    pthread_t threads[COMERS];
    unsigned before = timers_of_kernel();
    atomic_store(&is_over, false);
    for (int i = 0; i < COMERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, live_many_lives, NULL), 0);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(cpu_start(HZ, false), 0);
        cpu_stop();
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < COMERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(timers_of_kernel(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starting_arms_and_stopping_leaves_no_timer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(starting_again_while_a_thread_has_its_timer_is_fine, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_scan_arms_a_known_thread_that_was_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stranger_is_found_and_forgotten_with_its_timer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_timers_are_counted_once_a_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_that_come_and_go_leave_no_timer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
