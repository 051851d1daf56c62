/* The terminal as a screen that is drawn anew, and given back as it was on every way out. */
#ifndef PREFLAME_VIEWER_CLI_TERMINAL_H
#define PREFLAME_VIEWER_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the terminal, if standard input and output are one: keys come at once and unseen, on a screen of its
 * own. Exit and the signals that end or stop a process give it back. False: there is none. Once, from a
 * program of one thread. */
bool terminal_take(void);
/* Gives it back; again, or without having taken it, does nothing. Signal-safe. */
void terminal_give_back(void);
/* Has the key been pressed? Swallows all others. */
bool terminal_was_pressed(char key);
/* Its size now; 24 by 80 when unknown. */
void terminal_size(size_t *ret_rows, size_t *ret_columns);
/* Draws `text` in place of what stood there, each line cut to the width, lines below the last one left out.
 */
void terminal_draw(const char *text);

#endif
