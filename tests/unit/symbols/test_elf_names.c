/* Names from symbol tables: what covers what, which alias wins, and tables that lie. */
#include "base/compiler.h"
#include "elf_builder.h"
#include "exporters/symbols/elf_names.h"
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>

#define TEXT BUILT_TEXT_VADDR
#define GLOBAL STB_GLOBAL, STT_FUNC
#define LOCAL STB_LOCAL, STT_FUNC

static struct elf_names *names_of(const struct built_symbol *symbols, size_t count)
{
    struct built_elf elf;
    struct elf_names *names = NULL;
    built_elf_init(&elf, symbols, count);
    assert_int_equal(elf_names_from_image(&elf, sizeof(elf), &names), 0);
    memset(&elf, 0xff, sizeof(elf)); /* nothing may point into the image any more */
    return names;
}

static void sized_symbol_covers_only_its_size(void **state)
{
    (void)state;
    const struct built_symbol symbols[] = {{"a", TEXT + 0x10, 0x10, GLOBAL}, {"b", TEXT + 0x40, 0x10, LOCAL}};
    struct elf_names *names = names_of(symbols, ARRAY_SIZE(symbols));
    uint64_t start = 0;
    assert_null(elf_names_find(names, TEXT + 0xf, NULL));
    assert_string_equal(elf_names_find(names, TEXT + 0x10, NULL), "a");
    assert_string_equal(elf_names_find(names, TEXT + 0x1f, &start), "a");
    assert_int_equal(start, TEXT + 0x10);
    assert_null(elf_names_find(names, TEXT + 0x20, NULL));
    assert_string_equal(elf_names_find(names, TEXT + 0x4f, NULL), "b");
    assert_null(elf_names_find(names, TEXT + 0x50, NULL));
    elf_names_free(names);
}

static void unsized_symbol_reaches_the_next_or_the_end_of_its_section(void **state)
{
    (void)state;
    const struct built_symbol symbols[] = {
        {"last", TEXT + 0x100, 0, GLOBAL}, {"first", TEXT, 0, GLOBAL}, {"sized", TEXT + 0x40, 0x10, LOCAL}};
    struct elf_names *names = names_of(symbols, ARRAY_SIZE(symbols));
    assert_string_equal(elf_names_find(names, TEXT + 0x3f, NULL), "first");
    assert_string_equal(elf_names_find(names, TEXT + 0x40, NULL), "sized");
    assert_null(elf_names_find(names, TEXT + 0x50, NULL));
    assert_string_equal(elf_names_find(names, TEXT + BUILT_TEXT_SIZE - 1, NULL), "last");
    assert_null(elf_names_find(names, TEXT + BUILT_TEXT_SIZE, NULL));
    elf_names_free(names);
}

static void global_name_wins_then_weak_then_the_shorter(void **state)
{
    (void)state;
    const struct built_symbol symbols[] = {
        {"l", TEXT, 0x10, LOCAL},         {"global_long", TEXT, 0x10, GLOBAL},
        {"global", TEXT, 0x10, GLOBAL},   {"w", TEXT, 0x10, STB_WEAK, STT_FUNC},
        {"ll", TEXT + 0x10, 0x10, LOCAL}, {"weak", TEXT + 0x10, 0x10, STB_WEAK, STT_GNU_IFUNC},
    };
    struct elf_names *names = names_of(symbols, ARRAY_SIZE(symbols));
    assert_string_equal(elf_names_find(names, TEXT + 1, NULL), "global");
    assert_string_equal(elf_names_find(names, TEXT + 0x11, NULL), "weak");
    elf_names_free(names);
}

static void inner_symbol_keeps_the_start_of_its_own_function(void **state)
{
    (void)state;
    const struct built_symbol symbols[] = {{"outer", TEXT, 0x100, GLOBAL},
                                           {"inner", TEXT + 0x20, 0x10, LOCAL}};
    struct elf_names *names = names_of(symbols, ARRAY_SIZE(symbols));
    uint64_t start = 0;
    assert_string_equal(elf_names_find(names, TEXT + 0x20, NULL), "inner");
    assert_string_equal(elf_names_find(names, TEXT + 0x30, &start), "outer");
    assert_int_equal(start, TEXT);
    elf_names_free(names);
}

static void data_and_undefined_symbols_are_no_functions(void **state)
{
    (void)state;
    const struct built_symbol symbols[] = {{"data", TEXT, 0x10, STB_GLOBAL, STT_OBJECT},
                                           {"", TEXT + 0x10, 0x10, GLOBAL},
                                           {"undefined", TEXT + 0x20, 0x10, GLOBAL},
                                           {"wraps", UINT64_MAX - 4, 0x10, GLOBAL}};
    struct built_elf elf;
    struct elf_names *names = NULL;
    built_elf_init(&elf, symbols, ARRAY_SIZE(symbols));
    elf.symbols[3].st_shndx = SHN_UNDEF;
    assert_int_equal(elf_names_from_image(&elf, sizeof(elf), &names), 0);
    for (uint64_t at = 0; at < 0x40; at++)
        assert_null(elf_names_find(names, TEXT + at, NULL));
    assert_null(elf_names_find(names, UINT64_MAX, NULL));
    elf_names_free(names);
}

static void offset_becomes_the_address_of_the_executable_segment_that_covers_it(void **state)
{
    (void)state;
    struct elf_names *names = names_of(NULL, 0);
    assert_int_equal(elf_names_vaddr_of_offset(names, 0x10), 0x400010);
    assert_int_equal(elf_names_vaddr_of_offset(names, BUILT_TEXT_OFFSET + 4), TEXT + 4);
    assert_true(elf_names_vaddr_of_offset(names, BUILT_TEXT_OFFSET + BUILT_TEXT_SIZE) == UINT64_MAX);
    assert_true(elf_names_vaddr_of_offset(names, UINT64_MAX) == UINT64_MAX);
    elf_names_free(names);
}

static void other_formats_are_refused(void **state)
{
    (void)state;
    struct built_elf elf;
    struct elf_names *names = NULL;
    static const size_t wrong[][2] = {
        {EI_CLASS, ELFCLASS32}, {EI_DATA, ELFDATA2MSB}, {EI_MAG0, 0}, {16, ET_REL}};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        built_elf_init(&elf, NULL, 0);
        ((unsigned char *)&elf)[wrong[i][0]] = (unsigned char)wrong[i][1];
        assert_int_equal(elf_names_from_image(&elf, sizeof(elf), &names), -EINVAL);
    }
    assert_int_equal(elf_names_from_image("", 0, &names), -EINVAL);
    assert_int_equal(elf_names_from_file("/nonexistent/object", &names), -ENOENT);
    assert_int_equal(elf_names_from_file("/dev/null", &names), -EINVAL);
    assert_null(names);
}

static void strings_without_end_stay_inside_the_table(void **state)
{
    (void)state;
    const struct built_symbol symbols[] = {{"a", TEXT, 0x10, GLOBAL}};
    struct built_elf elf;
    struct elf_names *names = NULL;
    built_elf_init(&elf, symbols, 1);
    memset(elf.strings, 'x', sizeof(elf.strings));
    elf.symbols[1].st_name = sizeof(elf.strings) - 3;
    assert_int_equal(elf_names_from_image(&elf, sizeof(elf), &names), 0);
    assert_string_equal(elf_names_find(names, TEXT, NULL), "xxx");
    elf_names_free(names);
    elf.symbols[1].st_name = sizeof(elf.strings) + 1;
    assert_int_equal(elf_names_from_image(&elf, sizeof(elf), &names), 0);
    assert_null(elf_names_find(names, TEXT, NULL));
    elf_names_free(names);
}

/* Under the sanitizers this proves the bounds; without them, only that nothing crashes. */
static void truncated_images_are_survived(void **state)
{
    (void)state;
    const struct built_symbol symbols[] = {{"a", TEXT, 0x10, GLOBAL}, {"b", TEXT + 0x10, 0, LOCAL}};
    struct built_elf elf;
    built_elf_init(&elf, symbols, 2);
    int accepted = 0;
    for (size_t len = 0; len <= sizeof(elf); len++) {
        struct elf_names *names = NULL;
        void *image = malloc(len ? len : 1);
        memcpy(image, &elf, len);
        if (elf_names_from_image(image, len, &names) == 0) {
            accepted++;
            (void)elf_names_find(names, TEXT, NULL);
        }
        elf_names_free(names);
        free(image);
    }
    assert_in_range(accepted, 1, sizeof(elf) - sizeof(elf.header));
}

static void real_program_names_its_functions(void **state)
{
    (void)state;
    const char *path = FIXTURES "/shop_pie";
    struct elf_names *names = NULL;
    uint64_t start = 0;
    assert_int_equal(elf_names_from_file(path, &names), 0);
    assert_string_equal(elf_names_find(names, fixture_symbol(path, "mark_put"), &start),
                        "_ZN4shop3BoxIiE3putEi");
    assert_int_equal(start, fixture_symbol(path, "_ZN4shop3BoxIiE3putEi"));
    assert_string_equal(elf_names_find(names, fixture_symbol(path, "mark_plain_static"), NULL),
                        "plain_static");
    elf_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sized_symbol_covers_only_its_size),
        cmocka_unit_test(unsized_symbol_reaches_the_next_or_the_end_of_its_section),
        cmocka_unit_test(global_name_wins_then_weak_then_the_shorter),
        cmocka_unit_test(inner_symbol_keeps_the_start_of_its_own_function),
        cmocka_unit_test(data_and_undefined_symbols_are_no_functions),
        cmocka_unit_test(offset_becomes_the_address_of_the_executable_segment_that_covers_it),
        cmocka_unit_test(other_formats_are_refused),
        cmocka_unit_test(strings_without_end_stay_inside_the_table),
        cmocka_unit_test(truncated_images_are_survived),
        cmocka_unit_test(real_program_names_its_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
