/* The walk: rule by rule from the leaf to the outermost frame, every load inside the stack it walks. */
#include "capture/unwind.h"

#include "capture/expression.h"

#include "capture/memory.h"

#include <stddef.h>
#include <ucontext.h>

#include "base/banned.h"

/* Of a stack whose bounds nobody knows (coroutines, alternate stacks): blocks read, each by a system call,
 * and frames walked, which may lead in a circle there. */
#define UNKNOWN_STACK_FILLS 64
#define UNKNOWN_STACK_FRAMES (2 * STACK_FRAMES_MAX)
/* Frames walked again for rbx: from the leaf to a frame that keeps its CFA there. */
#define SECOND_WALK_FRAMES 64
#define LOWEST_CODE 4096
#define USER_SPACE_END (UINT64_C(1) << 47)
#define REG_RBX_DWARF 3

/* An epilogue has popped its registers while the tables still say where they lay: just below sp, in the red
 * zone, which signals leave alone (AMD64 ABI §3.2.2). */
#define RED_ZONE 128

static bool is_readable(const struct unwinder *unwinder, uint64_t sp, uint64_t address)
{
    return address + RED_ZONE >= sp && address >= unwinder->stack_low && address < unwinder->stack_high - 7 &&
           !(address & 7);
}

/* A word by the kernel, which answers with an error where a load would fault; a block of them a call. */
static COLD bool load_checked(struct stack_window *window, uint64_t address, uint64_t *ret_value)
{
    uint64_t low = address & ~(uint64_t)(WINDOW_BYTES - 1);
    if (address & 7)
        return false;
    if (!window->is_filled || window->low != low) {
        if (window->fills >= UNKNOWN_STACK_FILLS)
            return false;
        window->fills++;
        window->low = low;
        window->is_filled = memory_read(low, window->words, WINDOW_BYTES);
        if (!window->is_filled)
            return false;
    }
    *ret_value = window->words[(address - low) / 8];
    return true;
}

static bool load(const struct unwinder *unwinder, uint64_t sp, uint64_t address, uint64_t *ret_value)
{
    if (UNLIKELY(!unwinder->stack_high))
        return load_checked(&unwinder->scratch->stack, address, ret_value);
    if (!is_readable(unwinder, sp, address))
        return false;
    *ret_value = *(const uint64_t *)(uintptr_t)address;
    return true;
}

/* Our own copy of the expression that a rule refers to. False without one: then there is no rule. */
static bool own_expression(const struct unwinder *unwinder, const struct module *module,
                           struct unwind_rule *rule)
{
    uint8_t block[EXPRESSION_BYTES_MAX];
    uint64_t left = module->data_high - rule->expression;
    if (left < 2 || !memory_read(rule->expression, block, 1) || block[0] >= sizeof(block) || block[0] >= left)
        return false;
    uint32_t size = 1U + block[0];
    if (!memory_read(rule->expression, block, size))
        return false;
    rule->expression = rules_keep_expression(unwinder->rules, block, size);
    return rule->expression != 0;
}

/* The rule from the tables themselves. False: pc is no object's code. */
static COLD bool read_rule(const struct unwinder *unwinder, uint64_t pc, struct unwind_rule *ret)
{
    struct module young;
    const struct module *module = module_find(unwinder->modules, pc);
    if (!module && module_ask_loader(pc, &young))
        module = &young;
    if (!module)
        return false;
    *ret = cfi_rule(module, pc, &unwinder->scratch->cfi);
    if (ret->kind == RULE_EXPR && !own_expression(unwinder, module, ret))
        ret->kind = RULE_NONE;
    return true;
}

/* The packed rule, found or read and kept; 0: pc is no object's code. */
static uint64_t shared_rule(const struct unwinder *unwinder, uint64_t pc)
{
    uint64_t packed = rules_find(unwinder->rules, pc);
    struct unwind_rule rule;
    if (UNLIKELY(!packed) && read_rule(unwinder, pc, &rule)) {
        packed = rule_pack(&rule);
        rules_keep(unwinder->rules, pc, packed);
    }
    return packed;
}

/* In this order, since a jump or a fork may end the walk between any two steps: no pc meets another's rule.
 */
static void keep_near(struct near_rules *near, size_t place, uint64_t pc, uint64_t packed)
{
    near->slots[place].rule = 0;
    atomic_signal_fence(memory_order_seq_cst);
    near->slots[place].pc = pc;
    atomic_signal_fence(memory_order_seq_cst);
    near->slots[place].rule = packed;
}

static struct unwind_rule rule_of(const struct unwinder *unwinder, uint64_t pc)
{
    struct near_rules *near = &unwinder->scratch->near;
    size_t place = (pc ^ pc >> 6 ^ pc >> 12) & (NEAR_RULES - 1);
    uint64_t packed = near->slots[place].pc == pc ? near->slots[place].rule : 0;
    if (!packed) {
        packed = shared_rule(unwinder, pc);
        keep_near(near, place, pc, packed);
    }
    return packed ? rule_unpack(packed) : (struct unwind_rule){.kind = RULE_NONE};
}

/* Forgets them when an unload made all rules void. */
static void renew_near_rules(const struct unwinder *unwinder)
{
    struct near_rules *near = &unwinder->scratch->near;
    uint32_t generation = atomic_load_explicit(&unwinder->modules->rules_generation, memory_order_relaxed);
    if (LIKELY(near->generation == generation))
        return;
    for (size_t i = 0; i < NEAR_RULES; i++)
        near->slots[i].rule = 0;
    near->generation = generation;
}

/* The Canonical Frame Address of a frame, or 0. */
static uint64_t cfa_of(const struct unwinder *unwinder, const struct unwind_rule *rule,
                       const struct unwind_registers *at)
{
    uint64_t cfa = 0;
    if (rule->kind == RULE_EXPR)
        return expression_value(unwinder, rule->expression, at, load, &cfa) ? cfa : 0;
    uint64_t base = rule->cfa_register == 7   ? at->sp
                    : rule->cfa_register == 6 ? at->bp
                    : rule->cfa_register < 17 ? at->rest[rule->cfa_register]
                                              : 0;
    return base ? base + (uint64_t)(int64_t)rule->cfa_offset : 0;
}

static bool load_saved(const struct unwinder *unwinder, const struct saved_register *saved, uint64_t cfa,
                       const struct unwind_registers *at, uint64_t *value)
{
    if (!saved->is_from_rbp)
        return load(unwinder, at->sp, cfa + (uint64_t)(int64_t)saved->offset, value);
    /* Epilogues restore rbp before the tables stop referring to it: a frame's own rbp points into the frame.
     */
    if (at->bp < at->sp || at->bp >= cfa)
        return true;
    return load(unwinder, at->sp, at->bp + (uint64_t)(int64_t)saved->offset, value);
}

/* Can it be a return address? 0 is the end of a chain; the stack itself holds no code. */
static bool is_code_address(const struct unwinder *unwinder, uint64_t address)
{
    return address == 0 || (address >= LOWEST_CODE && address < USER_SPACE_END &&
                            (address < unwinder->stack_low || address >= unwinder->stack_high));
}

/* One frame out by its rule. */
static bool step_by_rule(const struct unwinder *unwinder, const struct unwind_rule *rule,
                         struct unwind_registers *at)
{
    uint64_t cfa = cfa_of(unwinder, rule, at);
    uint64_t return_address = 0, bp = at->bp;
    if (cfa <= at->sp || !load(unwinder, at->sp, cfa - 8, &return_address) ||
        !is_code_address(unwinder, return_address))
        return false;
    if (rule->rbp.is_saved && !load_saved(unwinder, &rule->rbp, cfa, at, &bp))
        return false;
    if (rule->rbx.is_saved && !load_saved(unwinder, &rule->rbx, cfa, at, &at->rest[REG_RBX_DWARF]))
        return false;
    at->pc = return_address;
    at->sp = cfa;
    at->bp = bp;
    return true;
}

/* One frame out by the frame-pointer convention, where no rule exists: code made at run time, mostly. */
static bool step_by_frame_pointer(const struct unwinder *unwinder, struct unwind_registers *at)
{
    uint64_t return_address = 0, bp = 0;
    if (at->bp < at->sp || !load(unwinder, at->sp, at->bp, &bp) ||
        !load(unwinder, at->sp, at->bp + 8, &return_address))
        return false;
    if (!return_address || !is_code_address(unwinder, return_address) || (bp && bp <= at->bp))
        return false;
    at->sp = at->bp + 16;
    at->bp = bp;
    at->pc = return_address;
    return true;
}

/* A call into nowhere (a null function pointer): the return address is on top of the stack. */
static bool step_over_wild_call(const struct unwinder *unwinder, struct unwind_registers *at)
{
    uint64_t return_address = 0;
    if (!load(unwinder, at->sp, at->sp, &return_address) || !module_find(unwinder->modules, return_address))
        return false;
    at->pc = return_address;
    at->sp += 8;
    return true;
}

/* Out of a signal handler: the interrupted registers lie in the ucontext at sp (the AMD64 rt_sigframe). */
static bool step_over_signal_frame(const struct unwinder *unwinder, struct unwind_registers *at)
{
    static const struct {
        int gregs;
        int dwarf;
    } map[] = {{REG_RAX, 0},  {REG_RDX, 1},  {REG_RCX, 2},  {REG_RBX, 3},  {REG_R8, 8},   {REG_R9, 9},
               {REG_R10, 10}, {REG_R11, 11}, {REG_R12, 12}, {REG_R13, 13}, {REG_R14, 14}, {REG_R15, 15}};
    uint64_t base = at->sp + offsetof(ucontext_t, uc_mcontext.gregs);
    uint64_t pc = 0, sp = 0, bp = 0, sp_now = at->sp;
    if (!load(unwinder, sp_now, base + 8 * REG_RIP, &pc) ||
        !load(unwinder, sp_now, base + 8 * REG_RSP, &sp) || !load(unwinder, sp_now, base + 8 * REG_RBP, &bp))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(map); i++)
        load(unwinder, sp_now, base + 8 * (uint64_t)map[i].gregs, &at->rest[map[i].dwarf]);
    at->pc = pc;
    at->sp = sp;
    at->bp = bp;
    return sp > sp_now || !unwinder->stack_high;
}

enum step { STEP_OUT, STEP_EXACT, STEP_END, STEP_FAILED };

/* One frame out. */
static enum step step(const struct unwinder *unwinder, const struct unwind_rule *rule, bool is_leaf,
                      struct unwind_registers *at)
{
    switch (rule->kind) {
    case RULE_END:
        return STEP_END;
    case RULE_SIGNAL:
        return step_over_signal_frame(unwinder, at) ? STEP_EXACT : STEP_FAILED;
    case RULE_REG:
    case RULE_EXPR:
        return step_by_rule(unwinder, rule, at) ? STEP_OUT : STEP_FAILED;
    case RULE_NONE:
    default:
        if (is_leaf && step_over_wild_call(unwinder, at))
            return STEP_OUT;
        return step_by_frame_pointer(unwinder, at) ? STEP_OUT : STEP_FAILED;
    }
}

/* A return address between functions, just before one's start: nobody called from there. Whoever made the
 * stack (makecontext) put it at its bottom. */
static bool is_planted(const struct unwinder *unwinder, uint64_t return_address)
{
    return rule_of(unwinder, return_address).kind != RULE_NONE;
}

/* Only a leaf's, or an interrupted frame's, registers beside pc, sp and rbp are known. */
static void forget_rest(struct unwind_registers *at)
{
    for (unsigned i = 0; i < ARRAY_SIZE(at->rest); i++)
        at->rest[i] = 0;
}

/* rbx of the frame whose sp is `sp`, or 0: the dynamic linker's lazy binder keeps its CFA there. Its callees
 * saved it; the rule table doesn't say where, so the walk is done again from the leaf, with rules from the
 * source. */
static COLD uint64_t rbx_at(const struct unwinder *unwinder, const struct unwind_registers *registers,
                            uint64_t sp)
{
    struct unwind_registers at = *registers;
    bool is_exact = true;
    for (unsigned walked = 0; at.sp < sp && walked < SECOND_WALK_FRAMES; walked++) {
        uint64_t pc = is_exact ? at.pc : at.pc - 1;
        struct unwind_rule rule = {.kind = RULE_NONE};
        (void)read_rule(unwinder, pc, &rule);
        enum step result = step(unwinder, &rule, walked == 0, &at);
        if (result == STEP_END || result == STEP_FAILED)
            return 0;
        is_exact = result == STEP_EXACT;
        if (!is_exact) {
            uint64_t rbx = at.rest[REG_RBX_DWARF];
            forget_rest(&at);
            at.rest[REG_RBX_DWARF] = rbx;
        }
    }
    return at.sp == sp ? at.rest[REG_RBX_DWARF] : 0;
}

uint32_t unwind(const struct unwinder *unwinder, const struct unwind_registers *registers, uint64_t *pcs,
                uint32_t max)
{
    struct unwind_registers at = *registers;
    uint32_t count = 0;
    unwinder->scratch->stack.is_filled = unwinder->scratch->stack.fills = 0;
    renew_near_rules(unwinder);
    uint32_t limit = unwinder->stack_high ? UINT32_MAX : UNKNOWN_STACK_FRAMES;
    bool is_exact = true;
    for (uint32_t walked = 0; max; walked++) {
        uint64_t pc = is_exact ? at.pc : at.pc - 1;
        bool is_shown = pc < unwinder->own_low || pc >= unwinder->own_high;
        if ((is_shown && count == max) || walked >= limit) {
            pcs[count ? count - 1 : count++] = PC_TRUNCATED;
            return count;
        }
        if (is_shown)
            pcs[count++] = pc;
        struct unwind_rule rule = rule_of(unwinder, pc);
        if (UNLIKELY(rule.kind == RULE_NONE && !is_exact && is_planted(unwinder, at.pc))) {
            if (is_shown)
                pcs[count - 1] = at.pc;
            return count;
        }
        bool is_by_rbx = rule.kind == RULE_REG && rule.cfa_register == REG_RBX_DWARF;
        if (UNLIKELY(is_by_rbx && !at.rest[REG_RBX_DWARF]))
            at.rest[REG_RBX_DWARF] = rbx_at(unwinder, registers, at.sp);
        enum step result = step(unwinder, &rule, walked == 0, &at);
        if (result == STEP_OUT && is_exact)
            forget_rest(&at);
        else if (is_by_rbx)
            at.rest[REG_RBX_DWARF] = 0;
        if (result == STEP_END || (result == STEP_OUT && at.pc == 0))
            return count;
        if (result == STEP_FAILED) {
            bool is_cut = unwinder->scratch->stack.fills >= UNKNOWN_STACK_FILLS;
            if (count < max)
                pcs[count++] = is_cut ? PC_TRUNCATED : PC_UNWIND_FAILED;
            return count;
        }
        is_exact = result == STEP_EXACT;
    }
    return 0;
}
