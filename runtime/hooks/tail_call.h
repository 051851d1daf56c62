/* Hooks that must leave no frame of theirs: a symbol in assembly that does little and jumps on. */
#ifndef PREFLAME_HOOKS_TAIL_CALL_H
#define PREFLAME_HOOKS_TAIL_CALL_H

/* The symbol's begin and end. */
#define TAIL_BEGIN(name)                                                                                     \
    ".pushsection .text\n"                                                                                   \
    ".globl " #name "\n"                                                                                     \
    ".type " #name ", @function\n" #name ":\n"                                                               \
    "\t.cfi_startproc\n"
#define TAIL_END(name)                                                                                       \
    "\tjmp *real_" #name "(%rip)\n"                                                                          \
    "\t.cfi_endproc\n"                                                                                       \
    ".size " #name ", .-" #name "\n"                                                                         \
    ".popsection\n"

/* The caller's arguments, three at most, put aside with the stack aligned for calls, and taken back. */
#define TAIL_SAVE                                                                                            \
    "\tpushq %rdi\n"                                                                                         \
    "\t.cfi_adjust_cfa_offset 8\n"                                                                           \
    "\tpushq %rsi\n"                                                                                         \
    "\t.cfi_adjust_cfa_offset 8\n"                                                                           \
    "\tpushq %rdx\n"                                                                                         \
    "\t.cfi_adjust_cfa_offset 8\n"
#define TAIL_RESTORE                                                                                         \
    "\tpopq %rdx\n"                                                                                          \
    "\t.cfi_adjust_cfa_offset -8\n"                                                                          \
    "\tpopq %rsi\n"                                                                                          \
    "\t.cfi_adjust_cfa_offset -8\n"                                                                          \
    "\tpopq %rdi\n"                                                                                          \
    "\t.cfi_adjust_cfa_offset -8\n"

/* Has reals_resolve look for what the symbol stands for, if nobody has. */
#define TAIL_RESOLVE(name)                                                                                   \
    "\tcmpq $0, real_" #name "(%rip)\n"                                                                      \
    "\tjne 1f\n" TAIL_SAVE "\tcall reals_resolve\n" TAIL_RESTORE "1:\n"

#endif
