/* heap_fork: allocates, forks; the child releases part of what it inherited and allocates on. Prints the
 * parent's truth, and the child's on standard error. `_Fork` as argument: by that. */
#include "heap_known.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 1000

pid_t _Fork(void);

OUTLINE void *before_fork(size_t size);
OUTLINE void *before_fork(size_t size)
{
    void *block = malloc(size);
    STAY;
    return block;
}

OUTLINE void *in_child(size_t size);
OUTLINE void *in_child(size_t size)
{
    void *block = malloc(size);
    STAY;
    return block;
}

static void *blocks[BLOCKS];
static struct heap_known known[] = {{"before_fork", 0, 0, 0, 0}, {"in_child", 0, 0, 0, 0}};

static void be_child(void)
{
    for (int i = 0; i < BLOCKS; i += 3) {
        free(blocks[i]);
        heap_known_freed(&known[0], 100);
    }
    for (int i = 0; i < 50; i++) {
        void *block = in_child(333);
        heap_known_allocated(&known[1], 333);
        if (i % 2)
            continue;
        free(block);
        heap_known_freed(&known[1], 333);
    }
    dup2(2, 1);
    heap_known_print(known, 2);
    exit(0);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = before_fork(100);
        heap_known_allocated(&known[0], 100);
    }
    pid_t child = argc > 1 && strcmp(argv[1], "_Fork") == 0 ? _Fork() : fork();
    if (child == 0)
        be_child();
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status)
        return 1;
    heap_known_print(known, 2);
    return 0;
}
