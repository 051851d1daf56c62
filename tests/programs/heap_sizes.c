/* heap_sizes: blocks from 16 bytes to 16 MB in three threads, each size from a function of its own, a quarter
 * of them kept. Prints who allocated what. */
#include "heap_known.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 3
#define BYTES_EACH ((size_t)20 << 20) /* of one size in one thread, and one block more */

#define SIZES(X) X(16) X(32) X(80) X(250) X(1024) X(6000) X(32768) X(200000) X(524288) X(2000000) X(16777216)

#define ALLOCATE(size)                                                                                       \
    OUTLINE void *allocate_##size(void);                                                                     \
    OUTLINE void *allocate_##size(void)                                                                      \
    {                                                                                                        \
        void *block = malloc(size);                                                                          \
        STAY;                                                                                                \
        return block;                                                                                        \
    }
SIZES(ALLOCATE)

static const struct {
    const char *name;
    size_t size;
    void *(*allocate)(void);
} rows[] = {
#define ROW(size) {"allocate_" #size, size, allocate_##size},
    SIZES(ROW)};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct heap_known known[THREADS + 1][ROWS];
static void *volatile kept; /* the head of a list */

static void *work(void *argument)
{
    struct heap_known *mine = argument;
    for (size_t i = 0; i < ROWS; i++) {
        size_t count = BYTES_EACH / rows[i].size + 1;
        for (size_t k = 0; k < count; k++) {
            void *block = rows[i].allocate();
            if (!block)
                abort();
            heap_known_allocated(&mine[i], rows[i].size);
            if (k % 4 == 0) {
                kept = block;
                continue;
            }
            free(block);
            heap_known_freed(&mine[i], rows[i].size);
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, known[i]))
            abort();
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t k = 0; k < ROWS; k++) {
        struct heap_known *sum = &known[THREADS][k];
        sum->name = rows[k].name;
        for (size_t i = 0; i < THREADS; i++) {
            sum->objects += known[i][k].objects;
            sum->bytes += known[i][k].bytes;
            sum->kept_objects += known[i][k].kept_objects;
            sum->kept_bytes += known[i][k].kept_bytes;
        }
    }
    heap_known_print(known[THREADS], ROWS);
    return 0;
}
