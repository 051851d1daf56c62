/* Tests of the small DWARF machine. */
#include "capture/expression.h"

#include "base/compiler.h"

#include <string.h>

#include "cmocka_headers.h"

static uint64_t memory[] = {100, 200, 300};

/* Addresses 0x1000, 0x1008, 0x1010 are readable. */
static bool load(const struct unwinder *unwinder, uint64_t sp, uint64_t address, uint64_t *ret_value)
{
    (void)unwinder;
    (void)sp;
    if (address < 0x1000 || address > 0x1010 || address & 7)
        return false;
    *ret_value = memory[(address - 0x1000) / 8];
    return true;
}

static bool run(const uint8_t *block, size_t size, const struct unwind_registers *registers,
                uint64_t *ret_value)
{
    uint8_t bytes[128] = {0};
    struct unwinder unwinder = {.stack_high = 0};
    memcpy(bytes, block, size);
    return expression_value(&unwinder, (uint64_t)(uintptr_t)bytes, registers, load, ret_value);
}

#define RUN(registers, ret, ...)                                                                             \
    run((const uint8_t[]){sizeof((const uint8_t[]){__VA_ARGS__}), __VA_ARGS__},                              \
        sizeof((const uint8_t[]){__VA_ARGS__}) + 1, (registers), (ret))

static void the_linkers_plt_expression_counts_the_pushed_word(void **state)
{
    (void)state;
    /* rsp + 8 + ((rip & 15) >= 11) << 3 */
    struct unwind_registers registers = {.sp = 0x1000};
    for (uint64_t pc = 0x400010; pc < 0x400030; pc++) {
        uint64_t value = 0;
        registers.pc = pc;
        assert_true(RUN(&registers, &value, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22));
        assert_int_equal(value, 0x1000 + 8 + ((pc & 15) >= 11 ? 8 : 0));
    }
}

static void a_realigned_frames_cfa_is_loaded_from_its_frame(void **state)
{
    (void)state;
    const struct unwind_registers registers = {.sp = 0x1000, .bp = 0x1010};
    uint64_t value = 0;
    assert_true(RUN(&registers, &value, 0x76, 0x78, 0x06)); /* breg6 -8; deref */
    assert_int_equal(value, 200);
    assert_true(
        RUN(&registers, &value, 0x77, 0x10, 0x06, 0x23, 0x88, 1)); /* breg7 16; deref; plus_uconst 136 */
    assert_int_equal(value, 436);
}

static void constants_and_arithmetic_follow_dwarf(void **state)
{
    (void)state;
    const struct unwind_registers registers = {.sp = 0x1000};
    uint64_t value = 0;
    assert_true(RUN(&registers, &value, 0x09, 0xff, 0x08, 0x05, 0x22)); /* const1s -1; const1u 5; plus */
    assert_int_equal(value, 4);
    assert_true(RUN(&registers, &value, 0x0a, 0x34, 0x12, 0x34, 0x1c)); /* const2u 0x1234; lit4; minus */
    assert_int_equal(value, 0x1230);
    assert_true(
        RUN(&registers, &value, 0x0b, 0xfe, 0xff, 0x10, 0x80, 0x01, 0x22)); /* const2s -2; constu 128 */
    assert_int_equal(value, 126);
    assert_true(RUN(&registers, &value, 0x11, 0x7f, 0x30, 0x2a)); /* consts -1; lit0; ge: signed */
    assert_int_equal(value, 0);
}

static void registers_that_nobody_knows_are_refused(void **state)
{
    (void)state;
    struct unwind_registers registers = {.sp = 0x1000, .rest = {[0] = 0x2000}};
    uint64_t value = 0;
    assert_true(RUN(&registers, &value, 0x70, 8));
    assert_int_equal(value, 0x2008);
    assert_false(RUN(&registers, &value, 0x73, 8));
    assert_false(RUN(&registers, &value, 0x8f, 8)); /* register 31 */
}

static void anything_unusual_is_refused_and_leaves_the_output_alone(void **state)
{
    (void)state;
    const struct unwind_registers registers = {.sp = 0x1000, .bp = 0x5000};
    uint64_t value = 77;
    uint8_t longer[100], deep[20];
    assert_false(RUN(&registers, &value, 0x77, 0, 0x1b, 0x31));     /* div */
    assert_false(RUN(&registers, &value, 0x77, 0, 0x96));           /* nop, but not one we know */
    assert_false(RUN(&registers, &value, 0x28, 0xfd, 0xff));        /* bra: no loops */
    assert_false(RUN(&registers, &value, 0x76, 0, 0x06));           /* load outside the stack */
    assert_false(RUN(&registers, &value, 0x22));                    /* nothing to add */
    assert_false(RUN(&registers, &value, 0x31, 0x32));              /* two results */
    assert_false(RUN(&registers, &value, 0x0a, 0x34));              /* cut short */
    assert_false(run((const uint8_t[]){0}, 1, &registers, &value)); /* empty */
    memset(deep, 0x31, sizeof(deep));                               /* more than the stack holds */
    deep[0] = sizeof(deep) - 1;
    assert_false(run(deep, sizeof(deep), &registers, &value));
    memset(longer, 0x31, sizeof(longer));
    longer[0] = 90; /* longer than a block may be */
    assert_false(run(longer, sizeof(longer), &registers, &value));
    assert_int_equal(value, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_linkers_plt_expression_counts_the_pushed_word),
        cmocka_unit_test(a_realigned_frames_cfa_is_loaded_from_its_frame),
        cmocka_unit_test(constants_and_arithmetic_follow_dwarf),
        cmocka_unit_test(registers_that_nobody_knows_are_refused),
        cmocka_unit_test(anything_unusual_is_refused_and_leaves_the_output_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
