// What the heap_* programs share: who allocated how much by their own count, as one JSON object.
#ifndef PREFLAME_TESTS_HEAP_KNOWN_H
#define PREFLAME_TESTS_HEAP_KNOWN_H

#include <stddef.h>
#include <stdio.h>

// One function that allocates, named as in the profile.
struct heap_known {
    const char *name;
    long objects, bytes, kept_objects, kept_bytes;
};

// A call before the end of its function keeps that function on the stack.
#define STAY __asm__ volatile("" ::: "memory")
#define OUTLINE __attribute__((noinline, noclone, noipa))

static inline void heap_known_allocated(struct heap_known *known, size_t size)
{
    known->objects++, known->kept_objects++;
    known->bytes += (long)size, known->kept_bytes += (long)size;
}

static inline void heap_known_freed(struct heap_known *known, size_t size)
{
    known->kept_objects--;
    known->kept_bytes -= (long)size;
}

static inline void heap_known_print(const struct heap_known *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s\"%s\": [%ld, %ld, %ld, %ld]", i ? ", " : "{", known[i].name, known[i].objects,
               known[i].bytes, known[i].kept_objects, known[i].kept_bytes);
    printf("}\n");
}

#endif
