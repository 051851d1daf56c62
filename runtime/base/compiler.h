/* Attributes and small macros that every room may use. No code lives here. */
#ifndef PREFLAME_BASE_COMPILER_H
#define PREFLAME_BASE_COMPILER_H

#define MUST_USE __attribute__((warn_unused_result))
#define EXPORT __attribute__((visibility("default")))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Runs `fn(&variable)` when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* A function kept out of its caller's hot code. */
#define COLD __attribute__((noinline, cold))

/* A variable that hot paths read beside the pointers to the real functions, which lie there: each page that a
 * call touches is an entry of the TLB that the program has to fill again. */
#define HOT_DATA __attribute__((section(".data")))

#endif
