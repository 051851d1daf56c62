/* Source lines and inline chains, against the marks in the fixtures and against binutils' addr2line. */
#include "chains.h"
#include "exporters/symbols/dwarf_object.h"
#include "exporters/symbols/symbolize.h"
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang gives closures a linkage name, GCC none. */
#ifdef __clang__
#define LAMBDA "shop_entry::$_0::operator()"
#else
#define LAMBDA "shop_entry::{lambda}::operator()"
#endif

static struct dwarf_object *open_object(const char *path)
{
    struct dwarf_object *object = NULL;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(dwarf_object_open(path, fd, NULL, &object), 0);
    close(fd);
    return object;
}

static void check_frame(const struct symbol_frame *frame, const struct true_frame *truth)
{
    char *shown = demangle_short(frame->name);
    assert_string_equal(shown, truth->shown);
    free(shown);
    assert_string_equal(strrchr(frame->file, '/') + 1, truth->source);
    assert_int_equal(frame->line, fixture_line(truth->source, truth->line));
    assert_int_equal(frame->start_line, fixture_line(truth->source, truth->start));
}

/* `symbols` has the marks that `path` may have lost. */
static void check_chains(const char *path, const char *symbols)
{
    struct dwarf_object *object = open_object(path);
    struct symbol_frame frames[FRAMES_MAX];
    assert_true(dwarf_object_has_dwarf(object));
    for (size_t i = 0; i < ARRAY_SIZE(true_chains); i++) {
        const struct true_chain *truth = &true_chains[i];
        int count = dwarf_object_frames(object, fixture_symbol(symbols, truth->mark), frames, FRAMES_MAX);
        assert_int_equal(count, truth->count);
        for (size_t j = 0; j < truth->count; j++)
            check_frame(&frames[j], &truth->frames[j]);
    }
    dwarf_object_free(object);
}

static void position_independent_program_has_its_chains(void **state)
{
    (void)state;
    check_chains(FIXTURES "/shop_pie", FIXTURES "/shop_pie");
}

static void program_at_fixed_addresses_has_its_chains(void **state)
{
    (void)state;
    check_chains(FIXTURES "/shop_fixed", FIXTURES "/shop_fixed");
}

static void library_has_its_chains(void **state)
{
    (void)state;
    check_chains(FIXTURES "/libshop.so", FIXTURES "/libshop.so");
}

static void debug_file_beside_a_stripped_program_is_found(void **state)
{
    (void)state;
    check_chains(FIXTURES "/shop_split", FIXTURES "/shop_pie");
    struct dwarf_object *object = open_object(FIXTURES "/shop_split");
    assert_string_equal(dwarf_object_debug_file(object), FIXTURES "/shop_split.debug");
    dwarf_object_free(object);
}

static void lambda_is_named_by_where_it_was_written(void **state)
{
    (void)state;
    struct dwarf_object *object = open_object(FIXTURES "/shop_pie");
    struct symbol_frame frames[FRAMES_MAX];
    uint64_t at = fixture_symbol(FIXTURES "/shop_pie", "mark_lambda");
    assert_int_equal(dwarf_object_frames(object, at, frames, FRAMES_MAX), 1);
    char *shown = demangle_short(frames[0].name);
    assert_string_equal(shown, LAMBDA);
    free(shown);
    assert_int_equal(frames[0].line, fixture_line("shop.cpp", "lambda"));
    dwarf_object_free(object);
}

static void stripped_program_knows_nothing(void **state)
{
    (void)state;
    struct dwarf_object *object = open_object(FIXTURES "/shop_bare");
    struct symbol_frame frames[FRAMES_MAX];
    uint64_t at = fixture_symbol(FIXTURES "/shop_pie", "mark_put");
    assert_false(dwarf_object_has_dwarf(object));
    assert_null(dwarf_object_debug_file(object));
    assert_int_equal(dwarf_object_frames(object, at, frames, FRAMES_MAX), 0);
    dwarf_object_free(object);
}

static void addresses_outside_the_units_have_no_frames(void **state)
{
    (void)state;
    static const uint64_t outside[] = {0, 1, 0x10, 0x10000000, UINT64_MAX};
    struct dwarf_object *object = open_object(FIXTURES "/shop_pie");
    struct symbol_frame frames[FRAMES_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
        assert_int_equal(dwarf_object_frames(object, outside[i], frames, FRAMES_MAX), 0);
    dwarf_object_free(object);
}

static void frames_over_the_limit_are_cut_at_the_outer_end(void **state)
{
    (void)state;
    struct dwarf_object *object = open_object(FIXTURES "/shop_pie");
    struct symbol_frame frames[2];
    uint64_t at = fixture_symbol(FIXTURES "/shop_pie", "mark_hidden");
    assert_int_equal(dwarf_object_frames(object, at, frames, 2), 2);
    check_frame(&frames[0], &true_chains[1].frames[0]);
    check_frame(&frames[1], &true_chains[1].frames[1]);
    dwarf_object_free(object);
}

/* The next "file:line" that addr2line prints: it alternates with names. */
static void check_against(FILE *addr2line, const struct symbol_frame *frame)
{
    char name[1024], where[4096], ours[4096];
    assert_non_null(fgets(name, sizeof(name), addr2line));
    assert_non_null(fgets(where, sizeof(where), addr2line));
    where[strcspn(where, " \n")] = '\0';
    snprintf(ours, sizeof(ours), "%s:%ld", frame->file, (long)frame->line);
    assert_string_equal(strrchr(ours, '/'), strrchr(where, '/'));
}

static void lines_are_those_of_addr2line(void **state)
{
    (void)state;
    /* NOLINTNEXTLINE(cert-env33-c): fixed words, no input from outside */
    if (system("addr2line --version >/dev/null 2>&1") != 0)
        skip();
    struct dwarf_object *object = open_object(FIXTURES "/shop_pie");
    struct symbol_frame frames[FRAMES_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(true_chains); i++) {
        char command[4096];
        uint64_t at = fixture_symbol(FIXTURES "/shop_pie", true_chains[i].mark);
        snprintf(command, sizeof(command), "addr2line -fi -e '%s' 0x%lx", FIXTURES "/shop_pie",
                 (unsigned long)at);
        /* NOLINTNEXTLINE(cert-env33-c): the path is the build folder's */
        FILE *addr2line = popen(command, "re");
        int count = dwarf_object_frames(object, at, frames, FRAMES_MAX);
        for (int j = 0; j < count; j++)
            check_against(addr2line, &frames[j]);
        assert_int_equal(fgetc(addr2line), EOF);
        assert_int_equal(pclose(addr2line), 0);
    }
    dwarf_object_free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_independent_program_has_its_chains),
        cmocka_unit_test(program_at_fixed_addresses_has_its_chains),
        cmocka_unit_test(library_has_its_chains),
        cmocka_unit_test(debug_file_beside_a_stripped_program_is_found),
        cmocka_unit_test(lambda_is_named_by_where_it_was_written),
        cmocka_unit_test(stripped_program_knows_nothing),
        cmocka_unit_test(addresses_outside_the_units_have_no_frames),
        cmocka_unit_test(frames_over_the_limit_are_cut_at_the_outer_end),
        cmocka_unit_test(lines_are_those_of_addr2line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
