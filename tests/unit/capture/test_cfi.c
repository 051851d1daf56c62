/* Unwind rules against libdw's: every row of the tables of every library that this program loads. */
#include "fixture.h"

#include "capture/cfi.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmocka_headers.h"

#define GAP_STEP 16 /* bytes that no row covers: a look at each would take longer than all the rest */
#define RBP 6
#define RA 16

static struct cfi_scratch scratch;

struct tally {
    uint64_t compared, different, expressions, signals, ends, gaps;
};

/* A register of the row as a rule says it. False for a form that rules don't express. */
static bool saved_by_libdw(Dwarf_Frame *frame, int reg, struct saved_register *ret, bool *ret_is_undefined)
{
    Dwarf_Op memory[3], *ops = NULL;
    size_t count = 0;
    *ret = (struct saved_register){.is_saved = false};
    *ret_is_undefined = false;
    if (dwarf_frame_register(frame, reg, memory, &ops, &count))
        return false;
    if (count == 0) {
        *ret_is_undefined = ops != NULL;
        return true;
    }
    if (count == 1 && ops[0].atom == DW_OP_call_frame_cfa) {
        *ret = (struct saved_register){.is_saved = true};
        return true;
    }
    if (count == 2 && ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_plus_uconst) {
        *ret = (struct saved_register){.is_saved = true, .offset = (int32_t)ops[1].number};
        return true;
    }
    size_t last = count - 1; /* an expression: behind the CFA, pushed first */
    if (count <= 2 && ops[last].atom == DW_OP_breg6) {
        *ret = (struct saved_register){
            .is_saved = true, .is_from_rbp = true, .offset = (int32_t)(int64_t)ops[last].number};
        return true;
    }
    return false;
}

/* The rule that libdw's row amounts to. */
static struct unwind_rule rule_by_libdw(Dwarf_Frame *frame)
{
    struct unwind_rule rule = {.kind = RULE_NONE};
    struct saved_register ra;
    bool is_signal = false, is_undefined = false, is_ignored = false;
    Dwarf_Op *ops = NULL;
    size_t count = 0;
    dwarf_frame_info(frame, NULL, NULL, &is_signal);
    if (is_signal)
        return (struct unwind_rule){.kind = RULE_SIGNAL};
    if (!saved_by_libdw(frame, RA, &ra, &is_undefined))
        return rule;
    if (is_undefined)
        return (struct unwind_rule){.kind = RULE_END};
    if (!ra.is_saved || ra.is_from_rbp || ra.offset != -8 || dwarf_frame_cfa(frame, &ops, &count))
        return rule;
    saved_by_libdw(frame, RBP, &rule.rbp, &is_ignored);
    saved_by_libdw(frame, 3, &rule.rbx, &is_ignored);
    rule.kind = RULE_EXPR;
    if (count == 1 &&
        (ops[0].atom == DW_OP_bregx || (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31))) {
        bool is_x = ops[0].atom == DW_OP_bregx;
        rule.kind = RULE_REG;
        rule.cfa_register = (uint8_t)(is_x ? ops[0].number : (Dwarf_Word)(ops[0].atom - DW_OP_breg0));
        rule.cfa_offset = (int32_t)(is_x ? ops[0].number2 : ops[0].number);
    }
    return rule;
}

static bool is_same_place(const struct saved_register *a, const struct saved_register *b)
{
    return a->is_saved == b->is_saved &&
           (!a->is_saved || (a->offset == b->offset && a->is_from_rbp == b->is_from_rbp));
}

static bool is_same(const struct unwind_rule *a, const struct unwind_rule *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind != RULE_REG && a->kind != RULE_EXPR)
        return true;
    if (a->kind == RULE_REG && (a->cfa_register != b->cfa_register || a->cfa_offset != b->cfa_offset))
        return false;
    return is_same_place(&a->rbp, &b->rbp) && is_same_place(&a->rbx, &b->rbx);
}

static void compare_at(const struct module *module, uint64_t pc, const struct unwind_rule *theirs,
                       struct tally *tally)
{
    struct unwind_rule ours = cfi_rule(module, pc, &scratch);
    tally->compared++;
    tally->expressions += ours.kind == RULE_EXPR;
    tally->signals += ours.kind == RULE_SIGNAL;
    tally->ends += ours.kind == RULE_END;
    if (is_same(&ours, theirs))
        return;
    if (tally->different++ < 20)
        printf("%s+%#" PRIx64 ": ours kind %d cfa r%d%+d rbp %d/%d%+d rbx %d/%d%+d, libdw kind %d cfa r%d%+d "
               "rbp %d/%d%+d rbx %d/%d%+d\n",
               module->path, pc - module->bias, (int)ours.kind, ours.cfa_register, ours.cfa_offset,
               ours.rbp.is_saved, ours.rbp.is_from_rbp, ours.rbp.offset, ours.rbx.is_saved,
               ours.rbx.is_from_rbp, ours.rbx.offset, (int)theirs->kind, theirs->cfa_register,
               theirs->cfa_offset, theirs->rbp.is_saved, theirs->rbp.is_from_rbp, theirs->rbp.offset,
               theirs->rbx.is_saved, theirs->rbx.is_from_rbp, theirs->rbx.offset);
}

/* The first or the last byte of every row, and places that no row covers. */
static void compare_module(const struct module *module, Dwarf_CFI *cfi, struct tally *tally)
{
    const struct unwind_rule none = {.kind = RULE_NONE};
    for (uint64_t pc = module->low; pc < module->high;) {
        Dwarf_Frame *frame = NULL;
        Dwarf_Addr start = 0, end = 0;
        if (dwarf_cfi_addrframe(cfi, pc - module->bias, &frame) != 0) {
            compare_at(module, pc, &none, tally);
            tally->gaps++;
            pc += GAP_STEP;
            continue;
        }
        dwarf_frame_info(frame, &start, &end, NULL);
        struct unwind_rule theirs = rule_by_libdw(frame);
        compare_at(module, tally->compared & 1 ? pc : end - 1 + module->bias, &theirs, tally);
        free(frame);
        pc = end + module->bias;
    }
}

static bool compare_file(const struct module *module, struct tally *tally)
{
    int fd = module->path[0] == '/' ? open(module->path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    Dwarf_CFI *cfi = elf ? dwarf_getcfi_elf(elf) : NULL;
    if (cfi) {
        compare_module(module, cfi, tally);
        dwarf_cfi_end(cfi);
    }
    elf_end(elf);
    close(fd);
    return cfi != NULL;
}

static void every_row_of_every_loaded_library_is_as_libdw_reads_it(void **state)
{
    (void)state;
    struct tally tally = {0};
    uint32_t files = 0;
    const struct module_list *list = atomic_load(&capture.modules.loaded);
    for (uint32_t i = 0; i < list->count; i++)
        files += compare_file(&list->modules[i], &tally);
    printf("%" PRIu32 " files, %" PRIu64 " places, %" PRIu64 " by expression, %" PRIu64 " signal, %" PRIu64
           " outermost, %" PRIu64 " without a row, %" PRIu64 " different\n",
           files, tally.compared, tally.expressions, tally.signals, tally.ends, tally.gaps, tally.different);
    assert_true(files >= 5);
    assert_true(tally.compared > 50000);
    assert_true(tally.expressions > 0);
    assert_true(tally.signals > 0);
    assert_true(tally.ends > 0);
    assert_int_equal(tally.different, 0);
}

static void the_vdso_has_rules_too(void **state)
{
    (void)state;
    const struct module_list *list = atomic_load(&capture.modules.loaded);
    uint32_t found = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct module *module = &list->modules[i];
        if (strcmp(module->path, "[vdso]") != 0)
            continue;
        for (uint64_t pc = module->low; pc < module->high; pc++)
            found += cfi_rule(module, pc, &scratch).kind == RULE_REG;
    }
    assert_true(found > 500);
}

static void a_module_without_tables_has_no_rules(void **state)
{
    (void)state;
    const struct module *libc = fixture_module_of(dlsym(RTLD_DEFAULT, "getppid"));
    uint64_t pc = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "getppid");
    struct module bare = *libc;
    assert_int_equal(cfi_rule(libc, pc, &scratch).kind, RULE_REG);
    bare.hdr = 0;
    assert_int_equal(cfi_rule(&bare, pc, &scratch).kind, RULE_NONE);
    bare = *libc;
    bare.data_low = bare.data_high = 0; /* tables outside what may be read */
    assert_int_equal(cfi_rule(&bare, pc, &scratch).kind, RULE_NONE);
}

/* A copy of libc's tables right before an unreadable page, damaged at random: wrong rules are fine, faults
 * are not. */
static void damaged_tables_are_read_within_bounds(void **state)
{
    (void)state;
    const struct module *libc = fixture_module_of(dlsym(RTLD_DEFAULT, "getppid"));
    uint64_t size = libc->data_high - libc->hdr, noise = 1, rules = 0;
    uint64_t room = (size + 4095) & ~UINT64_C(4095);
    uint8_t *pages = fixture_map(room + 4096), *copy = pages + room - size;
    assert_int_equal(mprotect(pages + room, 4096, PROT_NONE), 0);
    for (int round = 0; round < 200; round++) {
        memcpy(copy, (const void *)(uintptr_t)libc->hdr, size);
        struct module damaged = *libc;
        damaged.hdr = damaged.data_low = (uint64_t)(uintptr_t)copy;
        damaged.data_high = damaged.hdr + size;
        cfi_find_table(&damaged);
        uint64_t shift = damaged.hdr - libc->hdr; /* the table speaks of code at the same distance */
        for (int i = 0; i < round * 200; i++) {
            noise = noise * UINT64_C(6364136223846793005) + 1442695040888963407U;
            copy[12 + (noise >> 20) % (size - 12)] = (uint8_t)(noise >> 56);
        }
        for (int i = 0; i < 300; i++) {
            noise = noise * UINT64_C(6364136223846793005) + 1442695040888963407U;
            uint64_t pc = libc->low + (noise >> 20) % (libc->high - libc->low) + shift;
            rules += cfi_rule(&damaged, pc, &scratch).kind != RULE_NONE;
        }
    }
    assert_true(rules > 1000); /* the undamaged round alone finds hundreds: the copy is read */
}

/* libc's tables in a file of their own, whose program unmaps them or cuts the file: no rule, and no signal.
 */
static void tables_that_went_away_are_no_rules(void **state)
{
    (void)state;
    const struct module *libc = fixture_module_of(dlsym(RTLD_DEFAULT, "getppid"));
    uint64_t pc = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "getppid"), size = libc->data_high - libc->hdr;
    int fd = memfd_create("tables", MFD_CLOEXEC);
    assert_int_equal(write(fd, (const void *)(uintptr_t)libc->hdr, size), (ssize_t)size);
    void *copy = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(copy, MAP_FAILED);
    struct module away = *libc;
    away.hdr = away.data_low = (uint64_t)(uintptr_t)copy;
    away.data_high = away.hdr + size;
    pc += away.hdr - libc->hdr;
    cfi_find_table(&away);
    assert_int_equal(cfi_rule(&away, pc, &scratch).kind, RULE_REG);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(cfi_rule(&away, pc, &scratch).kind, RULE_NONE);
    munmap(copy, size);
    assert_int_equal(cfi_rule(&away, pc, &scratch).kind, RULE_NONE);
    cfi_find_table(&away);
    assert_int_equal(away.table, 0);
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    dlopen("libstdc++.so.6", RTLD_NOW); /* more tables to compare; absent ones are no loss */
    dlopen("libcrypto.so.3", RTLD_NOW);
    dlopen("libgcc_s.so.1", RTLD_NOW);
    fixture_open();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_every_loaded_library_is_as_libdw_reads_it),
        cmocka_unit_test(the_vdso_has_rules_too),
        cmocka_unit_test(a_module_without_tables_has_no_rules),
        cmocka_unit_test(damaged_tables_are_read_within_bounds),
        cmocka_unit_test(tables_that_went_away_are_no_rules),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
