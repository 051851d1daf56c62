/* How much memory an input may cost, whoever wrote it. */
#ifndef PREFLAME_VIEWER_MEMORY_H
#define PREFLAME_VIEWER_MEMORY_H

#define MEMORY_CAP_BYTES (4ULL << 30)

/* From here on this process, and each one that it starts, gets no more memory than MEMORY_CAP_BYTES or three
 * quarters of the machine's, whichever is less; an allocation beyond fails. A lower limit that holds already
 * stays. To be called before anything of a stranger's is read. */
void memory_cap(void);

#endif
