/* What is known of one address: a chain of frames, innermost inlined one first. */
#ifndef PREFLAME_EXPORTERS_FRAMES_H
#define PREFLAME_EXPORTERS_FRAMES_H

#include <stdint.h>

/* Longer inline chains are cut at the outer end. */
#define FRAMES_MAX 64

struct symbol_frame {
    const char
        *name; /* as in the symbol table where possible; NULL = unknown; borrowed from whoever filled it */
    const char *file;   /* where `line` is; NULL = unknown; borrowed likewise */
    int64_t line;       /* 0 = unknown */
    int64_t start_line; /* where the function is declared; 0 = unknown */
};

#endif
