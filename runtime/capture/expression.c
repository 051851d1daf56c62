/* A DWARF stack machine of the operations seen in CFA expressions; anything else is refused. */
#include "capture/expression.h"

#include "capture/dwarf_read.h"

#include "base/banned.h"

#define STACK_MAX 8
#define STEPS_MAX 64

struct machine {
    uint64_t stack[STACK_MAX];
    unsigned depth;
    bool is_bad;
};

static void push(struct machine *m, uint64_t value)
{
    if (m->depth < STACK_MAX)
        m->stack[m->depth++] = value;
    else
        m->is_bad = true;
}

static uint64_t pop(struct machine *m)
{
    if (m->depth)
        return m->stack[--m->depth];
    m->is_bad = true;
    return 0;
}

static uint64_t register_value(struct machine *m, const struct unwind_registers *registers, unsigned number)
{
    switch (number) {
    case 6:
        return registers->bp;
    case 7:
        return registers->sp;
    case 16:
        return registers->pc;
    default:
        if (number < 17 && registers->rest[number])
            return registers->rest[number];
        m->is_bad = true;
        return 0;
    }
}

static void binary(struct machine *m, uint8_t op)
{
    uint64_t right = pop(m), left = pop(m);
    switch (op) {
    case 0x1a:
        push(m, left & right);
        break;
    case 0x1c:
        push(m, left - right);
        break;
    case 0x22:
        push(m, left + right);
        break;
    case 0x24:
        push(m, right < 64 ? left << right : 0);
        break;
    case 0x2a: /* ge, signed */
        push(m, (int64_t)left >= (int64_t)right);
        break;
    default:
        m->is_bad = true;
    }
}

static void constant(struct machine *m, struct cursor *c, uint8_t op)
{
    switch (op) {
    case 0x08:
        push(m, read_fixed(c, 1));
        break;
    case 0x09:
        push(m, (uint64_t)read_signed(c, 1));
        break;
    case 0x0a:
        push(m, read_fixed(c, 2));
        break;
    case 0x0b:
        push(m, (uint64_t)read_signed(c, 2));
        break;
    case 0x10:
        push(m, read_uleb(c));
        break;
    case 0x11:
        push(m, (uint64_t)read_sleb(c));
        break;
    default:
        m->is_bad = true;
    }
}

bool expression_value(const struct unwinder *unwinder, uint64_t address,
                      const struct unwind_registers *registers, expression_load load, uint64_t *ret_value)
{
    struct cursor c = cursor_over((const uint8_t *)(uintptr_t)address, EXPRESSION_BYTES_MAX);
    struct machine m = {.depth = 0};
    uint64_t size = read_uleb(&c);
    if (!cursor_has(&c, size))
        return false;
    c.end = c.at + size;
    for (unsigned steps = 0; c.at < c.end && !m.is_bad && !c.is_bad && steps < STEPS_MAX; steps++) {
        uint8_t op = (uint8_t)read_fixed(&c, 1);
        if (op >= 0x30 && op <= 0x4f) { /* lit0..31 */
            push(&m, (uint64_t)(op - 0x30));
        } else if (op >= 0x70 && op <= 0x8f) { /* breg0..31 */
            uint64_t base = register_value(&m, registers, (unsigned)(op - 0x70));
            push(&m, base + (uint64_t)read_sleb(&c));
        } else if (op == 0x06) { /* deref */
            uint64_t value = 0;
            m.is_bad |= !load(unwinder, registers->sp, pop(&m), &value);
            push(&m, value);
        } else if (op == 0x23) { /* plus_uconst */
            uint64_t value = pop(&m);
            push(&m, value + read_uleb(&c));
        } else if (op >= 0x08 && op <= 0x11) {
            constant(&m, &c, op);
        } else {
            binary(&m, op);
        }
    }
    if (m.is_bad || c.is_bad || m.depth != 1)
        return false;
    *ret_value = m.stack[0];
    return true;
}
