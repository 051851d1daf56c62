/* hard_stacks [CASE]...: burns CPU in code and on stacks that are hard to walk, all cases or the named ones.
 * What a profile must say of each is in tests/integration/test_stacks.py; above all the program must live. */
#include "hard_stacks.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define SMALL_STACK (16 * 1024)
#define NOINLINE __attribute__((noinline))
#define FRAME_POINTER                                                                                        \
    __attribute__((noinline, optimize("no-omit-frame-pointer", "no-optimize-sibling-calls")))

void spin_with_rbp(unsigned long rounds, uint64_t rbp);
void spin_with_frame(unsigned long rounds, void (*call)(void));
void spin_bare(unsigned long rounds);
void spin_far_cfa(unsigned long rounds);
void spin_near_cfa(unsigned long rounds);
void spin_expression(unsigned long rounds, uint64_t address);
void spin_on_stack(unsigned long rounds, void *top);

void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static NOINLINE void spin(unsigned long rounds)
{
    while (rounds--)
        __asm__ volatile("");
}

static void *map(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        give_up("mmap");
    return at;
}

static const uint64_t bad_addresses[] = {0,
                                         1,
                                         8,
                                         0x1000,
                                         0xdeadbeef,
                                         UINT64_C(0x7fffffffe000),
                                         UINT64_C(1) << 47,
                                         UINT64_C(0xffffffff81000000),
                                         UINT64_MAX - 7,
                                         UINT64_MAX};
#define BAD_ADDRESSES (sizeof(bad_addresses) / sizeof(bad_addresses[0]))

void case_garbage_rbp(void)
{
    for (size_t i = 0; i < BAD_ADDRESSES; i++)
        spin_with_rbp(ROUNDS / BAD_ADDRESSES, bad_addresses[i]);
}

static FRAME_POINTER void below_frames_without_tables(void)
{
    spin_with_frame(ROUNDS, NULL);
    __asm__ volatile("");
}

/* Tables, frame pointers, tables, frame pointers: a walk must change over each time. */
void FRAME_POINTER case_frames_without_tables(void)
{
    spin_with_frame(0, below_frames_without_tables);
    __asm__ volatile("");
}

void case_nothing_at_all(void)
{
    spin_bare(ROUNDS);
}

void case_lying_tables(void)
{
    spin_far_cfa(ROUNDS / 3);
    spin_near_cfa(ROUNDS / 3);
    for (size_t i = 0; i < BAD_ADDRESSES; i++)
        spin_expression(ROUNDS / 3 / BAD_ADDRESSES, bad_addresses[i]);
}

void case_edge_of_memory(void)
{
    char *pages = map(SMALL_STACK + PAGE);
    if (mprotect(pages + SMALL_STACK, PAGE, PROT_NONE) != 0)
        give_up("mprotect");
    spin_on_stack(ROUNDS, pages + SMALL_STACK);
    munmap(pages, SMALL_STACK + PAGE);
}

static ucontext_t home, away;

static NOINLINE void on_coroutine(int depth)
{
    if (depth)
        on_coroutine(depth - 1);
    else
        spin(ROUNDS);
    __asm__ volatile("");
}

static void coroutine_start(void)
{
    on_coroutine(20);
    __asm__ volatile("");
}

void case_coroutine(void)
{
    char *pages = map(PAGE + SMALL_STACK);
    mprotect(pages, PAGE, PROT_NONE);
    getcontext(&away);
    away.uc_stack = (stack_t){.ss_sp = pages + PAGE, .ss_size = SMALL_STACK};
    away.uc_link = &home;
    makecontext(&away, coroutine_start, 0);
    swapcontext(&home, &away);
    munmap(pages, PAGE + SMALL_STACK);
}

#define SWITCHES 100000

static void switch_back(void)
{
    for (;;)
        swapcontext(&away, &home);
}

/* Samples meet every instruction of the switch. */
void case_switching(void)
{
    char *stack = map(SMALL_STACK);
    getcontext(&away);
    away.uc_stack = (stack_t){.ss_sp = stack, .ss_size = SMALL_STACK};
    makecontext(&away, switch_back, 0);
    for (int i = 0; i < SWITCHES; i++)
        swapcontext(&home, &away);
    munmap(stack, SMALL_STACK);
}

static void on_alternate_stack(int number)
{
    (void)number;
    spin(ROUNDS);
    __asm__ volatile("");
}

void case_alternate_stack(void)
{
    struct sigaction action = {.sa_handler = on_alternate_stack, .sa_flags = SA_ONSTACK};
    stack_t none = {.ss_flags = SS_DISABLE}, other = {.ss_sp = map(SMALL_STACK), .ss_size = SMALL_STACK};
    if (sigaltstack(&other, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
        give_up("sigaltstack");
    raise(SIGUSR1);
    sigaltstack(&none, NULL);
    munmap(other.ss_sp, SMALL_STACK);
}

/* Down to where a signal's own frame (up to 3.5 kB with AVX-512) just fits. */
static NOINLINE void on_small_stack(uintptr_t start)
{
    volatile char room[256];
    room[0] = 1;
    if (start - (uintptr_t)room < 7 * 1024)
        on_small_stack(start);
    else
        spin(ROUNDS);
    room[1] = room[0];
}

static void *small_thread(void *argument)
{
    on_small_stack((uintptr_t)__builtin_frame_address(0));
    return argument;
}

void case_small_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, SMALL_STACK) != 0 ||
        pthread_create(&thread, &attributes, small_thread, NULL) != 0)
        give_up("pthread_create");
    pthread_attr_destroy(&attributes);
    pthread_join(thread, NULL);
}

void case_vdso(void)
{
    struct timespec now;
    for (unsigned long i = 0; i < ROUNDS / 100; i++)
        clock_gettime(CLOCK_MONOTONIC, &now);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE_ROW(name) {#name, case_##name},
    CASES(CASE_ROW)
#undef CASE_ROW
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int is_wanted = argc == 1;
        for (int k = 1; k < argc; k++)
            is_wanted |= strcmp(argv[k], cases[i].name) == 0;
        if (!is_wanted)
            continue;
        cases[i].run();
        printf("%s\n", cases[i].name);
        fflush(stdout);
    }
    _exit(0); /* at an ordinary exit the loader would run what was cut off */
}
