/* What the cases of hard_stacks share. */
#ifndef PREFLAME_TESTS_HARD_STACKS_H
#define PREFLAME_TESTS_HARD_STACKS_H

/* Rounds of two instructions: a tenth of a second or so. */
#define ROUNDS 300000000UL

/* Says what failed and ends the program with status 2. */
void give_up(const char *what) __attribute__((noreturn));

/* X(case): each a function case_NAME, which burns CPU where walking the stack is hard. */
#define CASES(X)                                                                                             \
    X(garbage_rbp)                                                                                           \
    X(frames_without_tables)                                                                                 \
    X(nothing_at_all)                                                                                        \
    X(lying_tables)                                                                                          \
    X(edge_of_memory)                                                                                        \
    X(coroutine)                                                                                             \
    X(switching)                                                                                             \
    X(alternate_stack)                                                                                       \
    X(small_thread)                                                                                          \
    X(vdso)                                                                                                  \
    X(unmapped_tables)                                                                                       \
    X(cut_tables)                                                                                            \
    X(replaced_code)

#define DECLARE_CASE(name) void case_##name(void);
CASES(DECLARE_CASE)
#undef DECLARE_CASE

#endif
