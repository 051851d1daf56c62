/* The call frame program of one pc: the machine that CIE and FDE instructions run on. Private to cfi*.c. */
#ifndef PREFLAME_CAPTURE_CFI_PROGRAM_H
#define PREFLAME_CAPTURE_CFI_PROGRAM_H

#include "capture/cfi.h"
#include "capture/dwarf_read.h"

#define REG_RBX 3
#define REG_RBP 6
#define REG_RSP 7
#define REG_RA 16
#define REMEMBER_MAX 8

/* Pointer encodings (LSB Core 5 §10.5.1). */
#define PE_OMIT 0xff
#define PE_FORMAT 0x0f
#define PE_APPLY 0x70
#define PE_PCREL 0x10
#define PE_DATAREL 0x30
#define PE_INDIRECT 0x80

#define DW_OP_BREG6 0x76

struct row {
    struct unwind_rule rule;
    bool is_ra_undefined;
    bool is_ra_odd;  /* not at CFA - 8 */
    bool is_rbp_odd; /* saved in a way we don't follow */
};

struct program {
    struct cursor code;
    uint64_t location; /* pc that the row being built starts at */
    uint64_t pc;       /* stop when the next row starts behind it */
    uint64_t code_align;
    int64_t data_align;
    uint8_t pointer_encoding;
    struct row row;
    struct row initial;
    struct row remembered[REMEMBER_MAX];
    unsigned depth;
    bool is_signal;
    bool is_bad;
};

/* A program of nothing yet, to be stopped at pc. Signal-safe. */
void program_init(struct program *p, uint64_t pc);

/* A pointer in the given encoding; marks the cursor bad for encodings that no .eh_frame has. Signal-safe. */
uint64_t cfi_read_encoded(struct cursor *c, uint8_t encoding, uint64_t data_base);

/* Runs p->code until the row of p->pc is complete; p->row is then the answer unless is_bad is set.
 * Signal-safe. */
void cfi_run(struct program *p);

#endif
