/* C code whose stacks are hard to walk. */
#include "work.h"

#include <alloca.h>
#include <monetary.h>
#include <search.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#ifdef __clang__
#define HIDDEN __attribute__((noinline))
#else
#define HIDDEN __attribute__((noinline, noclone))
#endif

volatile unsigned work_sink;

HIDDEN void work_deep(int depth, void (*inner)(void))
{
    if (depth > 0)
        work_deep(depth - 1, inner);
    else
        inner();
    work_sink++; /* no tail call */
}

HIDDEN static unsigned sum(const char *at, size_t size)
{
    unsigned total = 0;
    for (size_t i = 0; i < size; i++)
        total = total * 31 + (unsigned char)at[i];
    return total;
}

HIDDEN static void fill_alloca(size_t size)
{
    /* cppcheck-suppress allocaCalled ; a frame that grows is what the unwinder must follow */
    char *at = alloca(size);
    memset(at, (int)size, size);
    work_sink += sum(at, size);
}

void work_alloca(void)
{
    for (size_t size = 1; size < 200; size += 37)
        fill_alloca(size);
    work_sink++;
}

HIDDEN static void realigned(int depth)
{
    _Alignas(64) char block[128];
    memset(block, depth, sizeof(block));
    if (depth > 0)
        realigned(depth - 1);
    else
        work_alloca();
    work_sink += sum(block, sizeof(block));
}

/* Arguments on the stack and a realigned, growing frame: gcc then finds its arguments through a third
 * register. */
HIDDEN static void realigned_growing(int a, int b, int c, int d, int e, int f, int depth, int size)
{
    _Alignas(64) char block[64];
    /* cppcheck-suppress allocaCalled ; as above */
    char *more = alloca((size_t)size);
    memset(block, a + b + c + d + e + f, sizeof(block));
    memset(more, depth, (size_t)size);
    if (depth > 0)
        realigned_growing(b, c, d, e, f, a, depth - 1, size + 8);
    else
        realigned(3);
    work_sink += sum(block, sizeof(block)) + sum(more, (size_t)size);
}

HIDDEN static void realigned_variadic(int count, ...)
{
    _Alignas(32) char block[96];
    va_list arguments;
    va_start(arguments, count);
    int total = 0;
    for (int i = 0; i < count; i++)
        total += va_arg(arguments, int);
    va_end(arguments);
    memset(block, total, sizeof(block));
    realigned_growing(1, 2, 3, 4, 5, 6, 3, 40);
    work_sink += sum(block, sizeof(block));
}

void work_realigned(void)
{
    realigned_variadic(9, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    fill_alloca(24);
    work_sink++;
}

HIDDEN static int by_last_digit(const void *a, const void *b)
{
    int left = *(const int *)a % 10, right = *(const int *)b % 10;
    work_sink += (unsigned)left;
    return (left > right) - (left < right);
}

HIDDEN static int by_value(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;
    static const int sorted[] = {1, 3, 5, 7, 9};
    int wanted = left % 10;
    work_sink += bsearch(&wanted, sorted, 5, sizeof(int), by_last_digit) != NULL;
    return (left > right) - (left < right);
}

void work_callbacks(void)
{
    int numbers[40];
    for (int i = 0; i < 40; i++)
        numbers[i] = (i * 7919) % 101;
    qsort(numbers, 40, sizeof(int), by_value);
    work_sink += (unsigned)numbers[0];
}

void work_text(void)
{
    char text[128];
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof(text), "%d %.17g %s %5.2f", i, 1.0 / (i + 3), "words", 3.14159 * i);
        work_sink +=
            (unsigned)(strtod("2.2250738585072011e-308", NULL) > 0) + (unsigned)strtol("123456", NULL, 0);
        work_sink += (unsigned)strlen(text);
    }
    char *copy = strdup(text);
    work_sink += (unsigned)strlen(copy ? copy : "");
    free(copy);
}

static void on_user_signal(int signal)
{
    (void)signal;
    work_realigned();
    work_callbacks();
}

void work_in_handler(void)
{
    struct sigaction action = {.sa_handler = on_user_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    work_sink++;
}

static int by_pointer(const void *a, const void *b)
{
    return a < b ? -1 : a > b;
}

void work_lazy_binding(void)
{
    char text[] = "some words that nobody reads";
    void *root = NULL;
    memfrob(text, sizeof(text) - 1);
    strfry(text);
    tsearch(text, &root, by_pointer);
    work_sink += (unsigned)wcswidth(L"wide", 4) + (unsigned)strverscmp(text, "a10") + (unsigned)ffsll(64);
    char money[64];
    work_sink += (unsigned)strfmon(money, sizeof(money), "%n", 12.5);
    tdelete(text, &root, by_pointer);
}

void work_all(void)
{
    work_deep(30, work_alloca);
    work_realigned();
    work_deep(5, work_callbacks);
    work_text();
    work_in_handler();
    work_templates();
    work_deep(3, work_exceptions);
}
