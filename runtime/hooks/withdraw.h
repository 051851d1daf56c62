/* Taking an exported name back. A name that nothing behind us defines when the program starts would, through
 * us, hide what an object loaded later brings along for itself: C++'s operators in a plugin of a C program.
 */
#ifndef PREFLAME_HOOKS_WITHDRAW_H
#define PREFLAME_HOOKS_WITHDRAW_H

/* From now on the dynamic loader finds no symbol of ours at this function's address, the address of an
 * exported one. Boot-only. */
void withdraw(void *function);

#endif
