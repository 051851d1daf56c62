/* The build id among an object's notes. */
#ifndef PREFLAME_HOOKS_BUILD_ID_H
#define PREFLAME_HOOKS_BUILD_ID_H

#include <stddef.h>
#include <stdint.h>

/* Copies the GNU build id that `size` bytes of notes (a PT_NOTE segment, or the beginning of one) hold to
 * `ret`. Its length; 0 when there is none, or one longer than `room`. Pure. */
size_t build_id_in_notes(const void *notes, size_t size, uint8_t *ret, size_t room);

#endif
