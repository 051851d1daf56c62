/* Frames that no walk can be sure of. Each function burns CPU for the number of rounds given and comes back. */
#define FUNCTION(name) .globl name; .type name, @function; name: .cfi_startproc
#define END(name) .cfi_endproc; .size name, .-name
#define SPIN 1: dec %rdi; jnz 1b

        .text

/* spin_with_rbp(rounds, rbp): the tables say that rbp holds the frame, which is a lie. */
FUNCTION(spin_with_rbp)
        push %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset 6, -16
        mov %rsi, %rbp
        .cfi_def_cfa_register 6
        SPIN
        pop %rbp
        .cfi_def_cfa 7, 8
        ret
END(spin_with_rbp)

/* spin_with_frame(rounds, call): a frame pointer and no tables: code made at run time. Calls `call` if there is one. */
        .globl spin_with_frame
        .type spin_with_frame, @function
spin_with_frame:
        push %rbp
        mov %rsp, %rbp
        test %rsi, %rsi
        jz 1f
        call *%rsi
        jmp 2f
        SPIN
2:      pop %rbp
        ret
        .size spin_with_frame, .-spin_with_frame

/* spin_bare(rounds): neither, and nothing in rbp. */
        .globl spin_bare
        .type spin_bare, @function
spin_bare:
        push %rbp
        xor %ebp, %ebp
        SPIN
        pop %rbp
        ret
        .size spin_bare, .-spin_bare

/* spin_far_cfa(rounds): the frame is said to end 128 MB away. */
FUNCTION(spin_far_cfa)
        .cfi_def_cfa 7, 0x8000000
        SPIN
        .cfi_def_cfa 7, 8
        ret
END(spin_far_cfa)

/* spin_near_cfa(rounds): it is said to end in somebody else's frame. */
FUNCTION(spin_near_cfa)
        .cfi_def_cfa 7, 0x100
        SPIN
        .cfi_def_cfa 7, 8
        ret
END(spin_near_cfa)

/* spin_expression(rounds, address): the CFA is said to be loaded from rsi: DW_OP_breg4 0, DW_OP_deref. */
FUNCTION(spin_expression)
        .cfi_escape 0x0f, 3, 0x74, 0, 0x06
        SPIN
        .cfi_def_cfa 7, 8
        ret
END(spin_expression)

/* spin_on_stack(rounds, top): with the stack pointer somewhere else, and nothing above it. */
FUNCTION(spin_on_stack)
        push %rbx
        mov %rsp, %rbx
        mov %rsi, %rsp
        SPIN
        mov %rbx, %rsp
        pop %rbx
        ret
END(spin_on_stack)

        .section .note.GNU-stack, "", @progbits
