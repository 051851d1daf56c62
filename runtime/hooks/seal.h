/* Programs that lock themselves up. */
#ifndef PREFLAME_HOOKS_SEAL_H
#define PREFLAME_HOOKS_SEAL_H

/* About to make the system call `number`: is it one that restricts system calls from here on? Then preflame
 * stops, for ever, before it is made. Keeps errno. */
void seal_before(long number, long first, long second, long third);

#endif
