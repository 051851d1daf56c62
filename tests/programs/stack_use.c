/* stack_use thread|coroutine: how much of the interrupted stack a sample costs beyond what the kernel itself
 * puts there for any signal. Paints the stack below a loop that calls nothing, lets the loop be sampled, and
 * looks how far down the paint is gone. Prints JSON. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_BYTES (256 * 1024)
#define PAINTED_BYTES (48 * 1024)
#define RED_ZONE 128
#define PAINT UINT64_C(0x5a5a1234c3c3a5a5)

/* What the kernel reads, since libc's sigaction is not the kernel's: the handler must be entered by the
 * kernel alone. */
struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};
#define KERNEL_RESTORER 0x04000000UL

void return_from_signal(void);
__asm__(".pushsection .text\n"
        "return_from_signal:\n\tmovl $15, %eax\n\tsyscall\n"
        ".popsection");

static uintptr_t handler_entry; /* sp when the kernel gave control to a handler */

static void note_entry(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    handler_entry = (uintptr_t)__builtin_frame_address(0) + 8;
}

/* Long code, so that every sample finds an address that nobody has met yet. */
#define WORK "\taddq $3, %%rax\n\txorq %%rax, %%rdx\n\trolq $7, %%rdx\n\tleaq 5(%%rax,%%rdx), %%rax\n"

/* Everything happens at one stack pointer, so what lies below it is written by signals alone. */
static __attribute__((noinline)) void measure(unsigned long *ret_frame, unsigned long *ret_used)
{
    uintptr_t sp;
    __asm__ volatile("movq %%rsp, %0" : "=r"(sp));
    uint64_t *top = (uint64_t *)(sp - RED_ZONE - 8), *bottom = (uint64_t *)(sp - PAINTED_BYTES);
    long result, pid = getpid(), tid = (long)syscall(SYS_gettid);
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(SYS_tgkill), "D"(pid), "S"(tid), "d"((long)SIGUSR1)
                     : "rcx", "r11", "memory");
    for (volatile uint64_t *at = bottom; at < top; at++)
        *at = PAINT;
    for (unsigned long i = 0; i < 400000; i++)
        __asm__ volatile(".rept 512\n" WORK ".endr" ::: "rax", "rdx", "memory");
    const volatile uint64_t *lowest = bottom;
    while (lowest < top && *lowest == PAINT)
        lowest++;
    *ret_frame = sp - handler_entry;
    *ret_used = lowest < top ? handler_entry - (uintptr_t)lowest : 0;
}

static unsigned long frame_bytes, used_bytes;

static void run(void)
{
    measure(&frame_bytes, &used_bytes);
}

static void *run_in_thread(void *argument)
{
    run();
    return argument;
}

int main(int argc, char **argv)
{
    struct kernel_action action = {note_entry, SA_SIGINFO | KERNEL_RESTORER, return_from_signal,
                                   ~UINT64_C(0)};
    if (syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, sizeof(action.mask)) != 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "coroutine") == 0) {
        static ucontext_t home, away;
        getcontext(&away);
        away.uc_stack = (stack_t){.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES};
        away.uc_link = &home;
        makecontext(&away, run, 0);
        swapcontext(&home, &away);
        free(away.uc_stack.ss_sp);
    } else {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run_in_thread, NULL) != 0)
            return 1;
        pthread_join(thread, NULL);
    }
    printf("{\"frame_bytes\": %lu, \"used_bytes\": %lu}\n", frame_bytes, used_bytes);
    return 0;
}
