/* Reading what may not be there: every way that memory can be missing is an answer, never a signal. */
#include "capture/memory.h"

#include "fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define PAGE 4096

static uint64_t address_of(const void *at)
{
    return (uint64_t)(uintptr_t)at;
}

static void what_is_there_is_copied(void **state)
{
    (void)state;
    uint8_t *pages = fixture_map(3 * PAGE), to[2 * PAGE];
    for (int i = 0; i < 3 * PAGE; i++)
        pages[i] = (uint8_t)(i * 7);
    assert_true(memory_read(address_of(pages + 5), to, sizeof(to)));
    assert_memory_equal(to, pages + 5, sizeof(to));
    munmap(pages, 3 * PAGE);
}

static void holes_and_locked_pages_are_answers(void **state)
{
    (void)state;
    uint8_t *pages = fixture_map(3 * PAGE), to[64];
    assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
    assert_int_equal(munmap(pages + 2 * PAGE, PAGE), 0);
    assert_true(memory_read(address_of(pages + PAGE - 8), to, 8));
    assert_false(memory_read(address_of(pages + PAGE - 8), to, 9));
    assert_false(memory_read(address_of(pages + PAGE), to, 1));
    assert_false(memory_read(address_of(pages + 2 * PAGE), to, 1));
    assert_false(memory_read(0, to, 1));
    assert_false(memory_read(UINT64_MAX - 3, to, 8));
    assert_false(memory_read(UINT64_C(1) << 63, to, 8));
    munmap(pages, 2 * PAGE);
}

/* A load of such a page is a SIGBUS. */
static void pages_behind_the_end_of_a_file_are_answers(void **state)
{
    (void)state;
    uint8_t to[16];
    int fd = memfd_create("cut", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, 2 * PAGE), 0);
    uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_true(memory_read(address_of(pages + PAGE), to, sizeof(to)));
    assert_int_equal(ftruncate(fd, PAGE), 0);
    assert_true(memory_read(address_of(pages), to, sizeof(to)));
    assert_false(memory_read(address_of(pages + PAGE), to, sizeof(to)));
    assert_false(memory_read(address_of(pages + PAGE - 8), to, sizeof(to)));
    munmap(pages, 2 * PAGE);
    close(fd);
}

/* Lets the kernel refuse the copying call in this process, as sandboxes do. */
static bool refuse_copying(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void a_sandbox_that_refuses_the_call_changes_no_answer(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        if (!refuse_copying())
            _exit(2);
        what_is_there_is_copied(NULL);
        holes_and_locked_pages_are_answers(NULL);
        pages_behind_the_end_of_a_file_are_answers(NULL);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_copied),
        cmocka_unit_test(holes_and_locked_pages_are_answers),
        cmocka_unit_test(pages_behind_the_end_of_a_file_are_answers),
        cmocka_unit_test(a_sandbox_that_refuses_the_call_changes_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
