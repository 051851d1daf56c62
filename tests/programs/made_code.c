/* made_code NAME...: makes a function at run time for each name, says so in /tmp/perf-PID.map as JIT
 * compilers do, and burns CPU in each, called from the one before. The file stays, as theirs do. Prints the
 * pid. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROOM 4096
#define ROUNDS 500000000UL

/* push %rbp; mov %rsp,%rbp; 1: dec %rdi; jnz 1b; mov (%rsi),%rax; test %rax,%rax; jz 2f; lea 8(%rsi),%rsi;
 * mov %rdx,%rdi; call *%rax; 2: pop %rbp; ret */
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xff, 0xcf, 0x75, 0xfb, 0x48,
                                     0x8b, 0x06, 0x48, 0x85, 0xc0, 0x74, 0x09, 0x48, 0x8d, 0x76,
                                     0x08, 0x48, 0x89, 0xd7, 0xff, 0xd0, 0x5d, 0xc3};

/* Burns `rounds`, then calls the first of `next` (ended by NULL) with `rounds_of_next` and the rest of them.
 */
typedef void (*made_fn)(unsigned long rounds, void **next, unsigned long rounds_of_next);

int main(int argc, char **argv)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
    unsigned char *room =
        mmap(NULL, ROOM, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FILE *map = fopen(path, "we");
    if (room == MAP_FAILED || !map || argc < 2 || argc > 16)
        return 1;
    void *functions[16] = {0};
    for (int i = 1; i < argc; i++) {
        unsigned char *at = room + 64 * (i - 1);
        memcpy(at, code, sizeof(code));
        functions[i - 1] = at;
        fprintf(map, "%lx %zx %s\n", (unsigned long)(uintptr_t)at, sizeof(code), argv[i]);
    }
    fclose(map);
    unsigned long rounds = ROUNDS / (unsigned long)(argc - 1);
    ((made_fn)(uintptr_t)functions[0])(rounds, functions + 1, rounds);
    printf("%d\n", (int)getpid());
    return 0;
}
