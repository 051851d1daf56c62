/* Finding a function without the loader's lock. */
#ifndef PREFLAME_TRACEPOINTS_OWN_SYMBOL_H
#define PREFLAME_TRACEPOINTS_OWN_SYMBOL_H

/* The function `name` that the object around the address `near` exports, or NULL. That object must stay
 * loaded. Takes no lock. Any thread. */
void *own_symbol(const char *name, void *near);

#endif
