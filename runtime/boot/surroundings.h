/* Is this process allowed what preflame does? Asked once, before it does anything. */
#ifndef PREFLAME_BOOT_SURROUNDINGS_H
#define PREFLAME_BOOT_SURROUNDINGS_H

#include <stdbool.h>
#include <stdint.h>

/* False, after one line that says why, if a filter would end the process for one of our system calls, or if
 * its limits leave too little memory for `bytes` of address space and the program beside it. Boot-only. */
bool surroundings_allow(uint64_t bytes);

#endif
