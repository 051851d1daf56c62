/* Whole profiles: what gets a name, what must not, and what is left as it was. */
#include "chains.h"
#include "exporters/symbols/symbolize.h"
#include "fixture.h"
#include "profiles.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define PIE FIXTURES "/shop_pie"

/* GCC's DWARF has no linkage names for members of unnamed namespaces. */
#ifdef __clang__
#define ASIDE_SYSTEM_NAME "_ZN4shop12_GLOBAL__N_15asideEi"
#else
#define ASIDE_SYSTEM_NAME ""
#endif

static struct profile *symbolized(struct profile *in, const char *cache)
{
    struct symbolize_options options = {.cache_dir = cache, .root = ""};
    struct profile *out = NULL;
    assert_int_equal(symbolize_profile(in, &options, &out), 0);
    for (size_t i = 0; i < out->locations.count; i++)
        assert_true(out->locations.data[i].line_count > 0);
    return out;
}

static void check_chain(const struct profile *p, uint64_t address, const struct true_chain *truth)
{
    const struct profile_location *location = location_at(p, address);
    assert_int_equal(location->line_count, truth->count);
    for (uint32_t i = 0; i < truth->count; i++) {
        const struct true_frame *frame = &truth->frames[i];
        const struct profile_line *line = &p->lines.data[location->first_line + i];
        assert_string_equal(shown_at(p, location, i), frame->shown);
        assert_string_equal(strrchr(file_at(p, location, i), '/') + 1, frame->source);
        assert_int_equal(line->line, fixture_line(frame->source, frame->line));
        assert_int_equal(p->functions.data[line->function].start_line,
                         fixture_line(frame->source, frame->start));
    }
}

static void check_chains(const char *layout, uint64_t base, const char *file, const char *cache)
{
    char build_id[128];
    fixture_build_id(layout, build_id, sizeof(build_id));
    struct profile *in = profile_over(layout, base, file, build_id);
    for (size_t i = 0; i < ARRAY_SIZE(true_chains); i++)
        profile_add_at(in, layout, base, true_chains[i].mark, 0);
    struct profile *out = symbolized(in, cache);
    for (size_t i = 0; i < ARRAY_SIZE(true_chains); i++)
        check_chain(out, base + fixture_symbol(layout, true_chains[i].mark), &true_chains[i]);
    assert_true(out->mappings.data[0].has_functions && out->mappings.data[0].has_filenames);
    assert_true(out->mappings.data[0].has_lines && out->mappings.data[0].has_inlines);
    profile_free(in);
    profile_free(out);
}

/* The name, raw or shown, that one address in `file` gets. */
static char *name_of(const char *layout, const char *file, const char *build_id, const char *symbol,
                     uint64_t plus)
{
    struct profile *in = profile_over(layout, LOADED_AT, file, build_id);
    profile_add_at(in, layout, LOADED_AT, symbol, plus);
    struct profile *out = symbolized(in, NULL);
    char *name = strdup(shown_at(out, &out->locations.data[0], 0));
    assert_int_equal(out->locations.data[0].line_count, 1);
    profile_free(in);
    profile_free(out);
    return name;
}

static void position_independent_program_is_named(void **state)
{
    (void)state;
    check_chains(PIE, LOADED_AT, PIE, NULL);
}

static void program_at_fixed_addresses_is_named(void **state)
{
    (void)state;
    check_chains(FIXTURES "/shop_fixed", 0, FIXTURES "/shop_fixed", NULL);
}

static void stripped_program_is_named_by_its_debug_file(void **state)
{
    (void)state;
    check_chains(PIE, LOADED_AT, FIXTURES "/shop_split", NULL);
}

static void file_name_marked_deleted_is_still_used(void **state)
{
    (void)state;
    check_chains(PIE, LOADED_AT, PIE " (deleted)", NULL);
}

/* As in /proc/PID/maps: what the kernel says of a library that is really loaded. */
static struct profile *profile_of_self(const char *library)
{
    char line[4096], path[4096], mode[8];
    struct profile *p = profile_new();
    FILE *maps = fopen("/proc/self/maps", "re");
    profile_add_type(p, "cpu", "nanoseconds");
    while (fgets(line, sizeof(line), maps)) {
        uint64_t start, limit, offset;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %4095s", &start, &limit, mode,
                   &offset, path) == 5 &&
            mode[2] == 'x' && strstr(path, library))
            profile_add_mapping(p, start, limit, offset, path, "");
    }
    fclose(maps);
    assert_int_equal(p->mappings.count, 1);
    return p;
}

static void loaded_library_is_named_by_its_real_mapping(void **state)
{
    (void)state;
    void *library = dlopen(FIXTURES "/libshop.so", RTLD_NOW);
    assert_non_null(library);
    struct profile *in = profile_of_self("/libshop.so");
    int64_t value = 1;
    for (size_t i = 0; i < ARRAY_SIZE(true_chains); i++) {
        uint64_t address = (uint64_t)(uintptr_t)dlsym(library, true_chains[i].mark);
        assert_true(address != 0);
        uint32_t location = profile_add_location(in, 0, address, NULL, 0);
        profile_add_sample(in, &location, 1, NULL, 0, &value);
    }
    struct profile *out = symbolized(in, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(true_chains); i++)
        check_chain(out, (uint64_t)(uintptr_t)dlsym(library, true_chains[i].mark), &true_chains[i]);
    profile_free(in);
    profile_free(out);
    dlclose(library);
}

static void vdso_is_named_from_our_own(void **state)
{
    (void)state;
    uint64_t base = getauxval(AT_SYSINFO_EHDR);
    if (!base)
        skip();
    struct profile *in = profile_of_self("[vdso]");
    uint64_t size = in->mappings.data[0].limit - base;
    for (uint64_t at = 0x400; at < size; at += 16)
        profile_add_location(in, 0, base + at, NULL, 0);
    struct profile *out = symbolized(in, NULL);
    bool is_found = false;
    for (size_t i = 0; i < out->locations.count; i++)
        is_found |= strstr(shown_at(out, &out->locations.data[i], 0), "clock_gettime") != NULL;
    assert_true(is_found);
    profile_free(in);
    profile_free(out);
}

static void unnamed_function_is_called_by_its_start(void **state)
{
    (void)state;
    char truth[64];
    snprintf(truth, sizeof(truth), "shop_bare+0x%" PRIx64, fixture_symbol(PIE, "plain_static"));
    char *first = name_of(PIE, FIXTURES "/shop_bare", "", "mark_plain_inlined", 0);
    char *second = name_of(PIE, FIXTURES "/shop_bare", "", "mark_plain_static", 0);
    assert_string_equal(first, truth);
    assert_string_equal(second, truth);
    free(first);
    free(second);
}

static void file_with_another_build_id_names_nothing(void **state)
{
    (void)state;
    char truth[64];
    /* Without the right object only its file offset is known. */
    struct profile *in = profile_over(PIE, LOADED_AT, PIE, "00112233");
    const struct profile_mapping *mapping = &in->mappings.data[0];
    uint64_t offset = LOADED_AT + fixture_symbol(PIE, "mark_put") - mapping->start + mapping->offset;
    snprintf(truth, sizeof(truth), "shop_pie+0x%" PRIx64, offset);
    profile_free(in);
    char *name = name_of(PIE, PIE, "00112233", "mark_put", 0);
    assert_string_equal(name, truth);
    free(name);
    name = name_of(PIE, "/nonexistent/shop_pie", "", "mark_put", 0);
    assert_string_equal(name, truth);
    free(name);
}

static void address_outside_all_mappings_is_its_own_name(void **state)
{
    (void)state;
    struct profile *in = profile_over(PIE, LOADED_AT, PIE, "");
    profile_add_location(in, PROFILE_NONE, 0x1234, NULL, 0);
    struct profile *out = symbolized(in, NULL);
    assert_string_equal(shown_at(out, &out->locations.data[0], 0), "0x1234");
    assert_false(out->mappings.data[0].has_functions);
    profile_free(in);
    profile_free(out);
}

static void code_made_at_run_time_has_the_name_in_the_perf_map(void **state)
{
    (void)state;
    char root[] = "/tmp/preflame-root-XXXXXX", path[64];
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof(path), "%s/made.map", root);
    FILE *file = fopen(path, "we");
    fputs("2000 10 ignored\n1000 100 JS:~a.b@c /x (y).js:1:2\n", file);
    fclose(file);
    struct symbolize_options options = {.root = root, .perf_map = "/made.map"};
    struct profile *in = profile_new(), *out = NULL;
    for (uint64_t address = 0x1000; address <= 0x1100; address += 0x80)
        profile_add_location(in, PROFILE_NONE, address, NULL, 0);
    assert_int_equal(symbolize_profile(in, &options, &out), 0);
    assert_string_equal(shown_at(out, location_at(out, 0x1000), 0), "JS:~a.b@c /x (y).js:1:2");
    assert_string_equal(shown_at(out, location_at(out, 0x1080), 0), "JS:~a.b@c /x (y).js:1:2");
    assert_string_equal(system_name_at(out, location_at(out, 0x1080), 0), "");
    assert_string_equal(shown_at(out, location_at(out, 0x1100), 0), "0x1100");
    profile_free(in);
    profile_free(out);
    unlink(path);
    rmdir(root);
}

static void lines_that_were_there_are_kept(void **state)
{
    (void)state;
    struct profile *in = profile_over(PIE, LOADED_AT, PIE, "");
    uint32_t function = profile_add_function(in, "kept", "_Z4keptv", "/src/kept.c", 7);
    struct profile_line line = {function, 9};
    profile_add_location(in, 0, LOADED_AT + fixture_symbol(PIE, "mark_put"), &line, 1);
    struct profile *out = symbolized(in, NULL);
    const struct profile_location *location = &out->locations.data[0];
    assert_int_equal(location->line_count, 1);
    assert_string_equal(shown_at(out, location, 0), "kept");
    assert_string_equal(system_name_at(out, location, 0), "_Z4keptv");
    assert_string_equal(file_at(out, location, 0), "/src/kept.c");
    assert_int_equal(out->lines.data[location->first_line].line, 9);
    profile_free(in);
    profile_free(out);
}

static void mangled_name_stays_beside_the_shown_one(void **state)
{
    (void)state;
    struct profile *in = profile_over(PIE, LOADED_AT, PIE, "");
    profile_add_at(in, PIE, LOADED_AT, "mark_put", 0);
    struct profile *out = symbolized(in, NULL);
    assert_string_equal(system_name_at(out, &out->locations.data[0], 0), "_ZN4shop3BoxIiE3putEi");
    profile_free(in);
    profile_free(out);
}

/* Equal names make the Go tool cut "(anonymous namespace)" out of both. */
static void name_made_of_scopes_has_no_system_name(void **state)
{
    (void)state;
    struct profile *in = profile_over(PIE, LOADED_AT, PIE, "");
    profile_add_at(in, PIE, LOADED_AT, "mark_aside", 0);
    profile_add_at(in, PIE, LOADED_AT, "mark_plain_static", 0);
    struct profile *out = symbolized(in, NULL);
    const struct profile_location *aside = location_at(out, LOADED_AT + fixture_symbol(PIE, "mark_aside"));
    const struct profile_location *plain =
        location_at(out, LOADED_AT + fixture_symbol(PIE, "mark_plain_static"));
    assert_string_equal(shown_at(out, aside, 0), "shop::(anonymous namespace)::aside");
    assert_string_equal(system_name_at(out, aside, 0), ASIDE_SYSTEM_NAME);
    assert_string_equal(system_name_at(out, plain, 0), "plain_static");
    profile_free(in);
    profile_free(out);
}

static void samples_labels_and_times_are_kept(void **state)
{
    (void)state;
    struct profile *in = profile_over(PIE, LOADED_AT, PIE, "");
    uint32_t stack[] = {profile_add_at(in, PIE, LOADED_AT, "mark_put", 0),
                        profile_add_at(in, PIE, LOADED_AT, "shop_entry", 4)};
    struct profile_label labels[] = {
        {.key = profile_string(in, "thread"), .text = profile_string(in, "worker")},
        {.key = profile_string(in, "tid"), .number = 42, .unit = profile_string(in, "id")}};
    int64_t value = 77;
    profile_add_sample(in, stack, 2, labels, 2, &value);
    profile_add_comment(in, "lost: 3");
    in->time_ns = 1000;
    in->duration_ns = 2000;
    in->period = 10;
    in->period_type.type = profile_string(in, "cpu");
    struct profile *out = symbolized(in, NULL);
    assert_int_equal(out->samples.count, in->samples.count);
    const struct profile_sample *sample = &out->samples.data[2];
    assert_int_equal(sample->location_count, 2);
    assert_int_equal(out->values.data[sample->first_value], 77);
    assert_int_equal(sample->label_count, 2);
    const struct profile_label *label = &out->labels.data[sample->first_label];
    assert_string_equal(profile_text(out, label[0].text), "worker");
    assert_int_equal(label[1].number, 42);
    assert_string_equal(profile_text(out, label[1].unit), "id");
    assert_string_equal(profile_text(out, out->comments.data[0]), "lost: 3");
    assert_int_equal(out->time_ns, 1000);
    assert_int_equal(out->duration_ns, 2000);
    assert_int_equal(out->period, 10);
    assert_string_equal(profile_text(out, out->period_type.type), "cpu");
    assert_string_equal(profile_text(out, out->types.data[0].unit), "nanoseconds");
    profile_free(in);
    profile_free(out);
}

static void second_run_needs_no_debug_info(void **state)
{
    (void)state;
    char *folder = fixture_folder(), program[256], debug[256], cache[256];
    snprintf(program, sizeof(program), "%s/shop_split", folder);
    snprintf(debug, sizeof(debug), "%s/shop_split.debug", folder);
    snprintf(cache, sizeof(cache), "%s/cache", folder);
    fixture_copy(FIXTURES "/shop_split", program);
    fixture_copy(FIXTURES "/shop_split.debug", debug);
    check_chains(PIE, LOADED_AT, program, cache);
    assert_int_equal(unlink(debug), 0);
    check_chains(PIE, LOADED_AT, program, cache);
    fixture_remove_folder(folder);
}

static void debug_info_installed_later_is_seen(void **state)
{
    (void)state;
    char *folder = fixture_folder(), program[256], debug[256], cache[256];
    snprintf(program, sizeof(program), "%s/shop_split", folder);
    snprintf(debug, sizeof(debug), "%s/shop_split.debug", folder);
    snprintf(cache, sizeof(cache), "%s/cache", folder);
    fixture_copy(FIXTURES "/shop_split", program);
    struct profile *in = profile_over(PIE, LOADED_AT, program, "");
    profile_add_at(in, PIE, LOADED_AT, "mark_plain_static", 0);
    struct profile *out = symbolized(in, cache);
    assert_string_equal(file_at(out, &out->locations.data[0], 0), "");
    profile_free(in);
    profile_free(out);
    fixture_copy(FIXTURES "/shop_split.debug", debug);
    check_chains(PIE, LOADED_AT, program, cache);
    fixture_remove_folder(folder);
}

static void files_are_looked_for_below_the_root(void **state)
{
    (void)state;
    struct symbolize_options options = {.root = FIXTURES};
    struct profile *in = profile_over(PIE, LOADED_AT, "/shop_pie", ""), *out = NULL;
    profile_add_at(in, PIE, LOADED_AT, "mark_put", 0);
    assert_int_equal(symbolize_profile(in, &options, &out), 0);
    check_chain(out, LOADED_AT + fixture_symbol(PIE, "mark_put"), &true_chains[0]);
    profile_free(in);
    profile_free(out);
}

static void empty_profile_stays_empty(void **state)
{
    (void)state;
    struct profile *in = profile_new(), *out = NULL;
    assert_int_equal(symbolize_profile(in, NULL, &out), 0);
    assert_int_equal(out->locations.count, 0);
    assert_int_equal(out->samples.count, 0);
    profile_free(in);
    profile_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_independent_program_is_named),
        cmocka_unit_test(program_at_fixed_addresses_is_named),
        cmocka_unit_test(stripped_program_is_named_by_its_debug_file),
        cmocka_unit_test(file_name_marked_deleted_is_still_used),
        cmocka_unit_test(loaded_library_is_named_by_its_real_mapping),
        cmocka_unit_test(vdso_is_named_from_our_own),
        cmocka_unit_test(unnamed_function_is_called_by_its_start),
        cmocka_unit_test(file_with_another_build_id_names_nothing),
        cmocka_unit_test(address_outside_all_mappings_is_its_own_name),
        cmocka_unit_test(code_made_at_run_time_has_the_name_in_the_perf_map),
        cmocka_unit_test(lines_that_were_there_are_kept),
        cmocka_unit_test(mangled_name_stays_beside_the_shown_one),
        cmocka_unit_test(name_made_of_scopes_has_no_system_name),
        cmocka_unit_test(samples_labels_and_times_are_kept),
        cmocka_unit_test(second_run_needs_no_debug_info),
        cmocka_unit_test(debug_info_installed_later_is_seen),
        cmocka_unit_test(files_are_looked_for_below_the_root),
        cmocka_unit_test(empty_profile_stays_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
