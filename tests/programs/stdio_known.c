/* stdio_known ROUNDS: one thread holds a stream's own lock while it writes into a full pipe; another prints
 * to the same stream and must wait for that lock. Prints how long it waited, measured by itself, as JSON. */
#include "known_wait.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK 65536

static FILE *stream;
static int ends[2];
static volatile int not_a_tail;

static __attribute__((noinline)) void write_much(void)
{
    static char chunk[CHUNK];
    fwrite(chunk, 1, sizeof(chunk), stream);
    not_a_tail++;
}

static __attribute__((noinline)) void print_little(void)
{
    fprintf(stream, "%d\n", not_a_tail);
    not_a_tail++;
}

static void *writer(void *arg)
{
    write_much();
    return arg;
}

static int64_t waited_ns;

static void *printer(void *arg)
{
    int64_t start_ns = clock_mono_ns();
    print_little();
    waited_ns += clock_mono_ns() - start_ns;
    return arg;
}

static void pause_ns(int64_t ns)
{
    const struct timespec pause = {ns / 1000000000, ns % 1000000000};
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
}

static void drain(void)
{
    static char chunk[CHUNK];
    while (syscall(SYS_read, ends[0], chunk, sizeof(chunk)) > 0)
        ;
}

static void start_and_wait_for_sleep(pthread_t *thread, void *(*run)(void *))
{
    pthread_create(thread, NULL, run, NULL);
    pause_ns(10000000);
}

int main(int argc, char **argv)
{
    if (argc != 2 || pipe(ends))
        return 2;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    stream = fdopen(ends[1], "w");
    setvbuf(stream, NULL, _IONBF, 0);
    for (int i = atoi(argv[1]); i > 0; i--) {
        pthread_t first, second;
        write_much(); /* now the pipe is full */
        start_and_wait_for_sleep(&first, writer);
        start_and_wait_for_sleep(&second, printer);
        pause_ns((int64_t)KNOWN_WAIT_MS * 1000000);
        bool is_first_done = false, is_second_done = false;
        while (!is_first_done || !is_second_done) {
            drain();
            pause_ns(200000); /* leaves the CPU to those who now go on */
            is_first_done = is_first_done || pthread_tryjoin_np(first, NULL) == 0;
            is_second_done = is_second_done || pthread_tryjoin_np(second, NULL) == 0;
        }
        drain();
    }
    printf("{\"stdio_ns\": %" PRId64 "}\n", waited_ns);
    return 0;
}
