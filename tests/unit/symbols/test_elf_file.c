/* The view of an object: the same from memory and from a file, build ids, and files that aren't objects. */
#include "exporters/symbols/elf_file.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void build_id_is_the_one_that_readelf_shows(void **state)
{
    (void)state;
    static const char *const objects[] = {FIXTURES "/shop_pie", FIXTURES "/shop_fixed",
                                          FIXTURES "/libshop.so", FIXTURES "/shop_bare"};
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
        struct elf_file file;
        char found[BUILD_ID_HEX_SIZE], truth[128];
        assert_int_equal(elf_file_open(objects[i], &file), 0);
        elf_file_build_id(&file, found);
        fixture_build_id(objects[i], truth, sizeof(truth));
        assert_string_equal(found, truth);
        elf_file_clear(&file);
    }
}

static void file_and_image_show_the_same(void **state)
{
    (void)state;
    struct elf_file file, image;
    struct elf_part whole;
    assert_int_equal(elf_file_open(FIXTURES "/shop_pie", &file), 0);
    assert_int_equal(elf_file_part(&file, 0, file.len, &whole), 0);
    assert_int_equal(elf_file_from_image(whole.data, whole.len, &image), 0);
    assert_int_equal(file.section_count, image.section_count);
    assert_int_equal(file.segment_count, image.segment_count);
    assert_memory_equal(file.sections, image.sections, file.section_count * sizeof(*file.sections));
    assert_memory_equal(file.segments, image.segments, file.segment_count * sizeof(*file.segments));
    elf_file_clear(&image);
    elf_part_clear(&whole);
    elf_file_clear(&file);
}

static void parts_outside_the_object_are_refused(void **state)
{
    (void)state;
    struct elf_file file;
    struct elf_part part;
    assert_int_equal(elf_file_open(FIXTURES "/shop_pie", &file), 0);
    assert_int_equal(elf_file_part(&file, file.len, 1, &part), -EINVAL);
    assert_int_equal(elf_file_part(&file, 1, file.len, &part), -EINVAL);
    assert_int_equal(elf_file_part(&file, UINT64_MAX, 2, &part), -EINVAL);
    assert_int_equal(elf_file_part(&file, file.len, 0, &part), 0);
    elf_part_clear(&part);
    elf_file_clear(&file);
}

static void file_that_shrinks_is_an_error_and_no_signal(void **state)
{
    (void)state;
    char *folder = fixture_folder(), path[256];
    struct elf_file file;
    struct elf_part part;
    snprintf(path, sizeof(path), "%s/shrinking", folder);
    fixture_copy(FIXTURES "/shop_pie", path);
    assert_int_equal(elf_file_open(path, &file), 0);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(elf_file_part(&file, 0, file.len, &part), -EINVAL);
    elf_file_clear(&file);
    fixture_remove_folder(folder);
}

static void pipe_in_place_of_an_object_does_not_hang(void **state)
{
    (void)state;
    char *folder = fixture_folder(), path[256];
    struct elf_file file;
    snprintf(path, sizeof(path), "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(elf_file_open(path, &file), -EINVAL);
    assert_int_equal(elf_file_open(folder, &file), -EINVAL);
    fixture_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build_id_is_the_one_that_readelf_shows),
        cmocka_unit_test(file_and_image_show_the_same),
        cmocka_unit_test(parts_outside_the_object_are_refused),
        cmocka_unit_test(file_that_shrinks_is_an_error_and_no_signal),
        cmocka_unit_test(pipe_in_place_of_an_object_does_not_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
