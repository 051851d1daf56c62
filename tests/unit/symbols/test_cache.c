/* Frames kept in a file, and files that can't be trusted. */
#include "exporters/symbols/cache.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct symbol_frame two_frames[] = {{"inner", "/src/a.h", 12, 10},
                                                 {"_Z5outerv", "/src/a b.c", 0, 0}};
static const struct symbol_frame only_line[] = {{NULL, "/src/x.S", 5, 0}};

static int setup(void **state)
{
    *state = fixture_folder();
    return 0;
}

static int teardown(void **state)
{
    fixture_remove_folder(*state);
    return 0;
}

static void fill(const char *folder, const char *build_id)
{
    struct frame_cache cache;
    assert_int_equal(frame_cache_load(folder, build_id, &cache), 0);
    frame_cache_add(&cache, 0x2000, two_frames, 2);
    frame_cache_add(&cache, 0x1000, only_line, 1);
    frame_cache_add(&cache, 0x3000, NULL, 0);
    assert_int_equal(frame_cache_save(&cache), 0);
    frame_cache_clear(&cache);
}

static int count_at(const char *folder, const char *build_id, uint64_t vaddr)
{
    struct frame_cache cache;
    struct symbol_frame frames[4];
    assert_int_equal(frame_cache_load(folder, build_id, &cache), 0);
    int count = frame_cache_find(&cache, vaddr, frames, 4);
    frame_cache_clear(&cache);
    return count;
}

static void frames_come_back_as_they_were(void **state)
{
    struct frame_cache cache;
    struct symbol_frame frames[4];
    fill(*state, "abc1");
    assert_int_equal(frame_cache_load(*state, "abc1", &cache), 0);
    assert_int_equal(frame_cache_find(&cache, 0x2000, frames, 4), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(frames[i].name, two_frames[i].name);
        assert_string_equal(frames[i].file, two_frames[i].file);
        assert_int_equal(frames[i].line, two_frames[i].line);
        assert_int_equal(frames[i].start_line, two_frames[i].start_line);
    }
    assert_int_equal(frame_cache_find(&cache, 0x1000, frames, 4), 1);
    assert_null(frames[0].name);
    assert_int_equal(frame_cache_find(&cache, 0x3000, frames, 4), 0);
    assert_int_equal(frame_cache_find(&cache, 0x4000, frames, 4), -ENOENT);
    assert_int_equal(frame_cache_find(&cache, 0x2000, frames, 1), 1);
    frame_cache_clear(&cache);
}

static void later_runs_add_to_earlier_ones(void **state)
{
    struct frame_cache cache;
    fill(*state, "abc2");
    assert_int_equal(frame_cache_load(*state, "abc2", &cache), 0);
    frame_cache_add(&cache, 0x5000, only_line, 1);
    assert_int_equal(frame_cache_save(&cache), 0);
    frame_cache_clear(&cache);
    assert_int_equal(count_at(*state, "abc2", 0x5000), 1);
    assert_int_equal(count_at(*state, "abc2", 0x2000), 2);
}

static void damaged_file_is_the_same_as_none(void **state)
{
    char path[256], text[1024];
    fill(*state, "abc3");
    snprintf(path, sizeof(path), "%s/abc3.frames", (char *)*state);
    FILE *file = fopen(path, "r+e");
    size_t len = fread(text, 1, sizeof(text), file);
    assert_in_range(len, 50, sizeof(text) - 1);
    for (size_t i = 0; i < len; i++) {
        fseek(file, (long)i, SEEK_SET);
        fputc(text[i] ^ 1, file);
        fflush(file);
        assert_int_equal(count_at(*state, "abc3", 0x2000), -ENOENT);
        fseek(file, (long)i, SEEK_SET);
        fputc(text[i], file);
        fflush(file);
    }
    assert_int_equal(count_at(*state, "abc3", 0x2000), 2);
    fclose(file);
}

static void file_of_another_object_is_not_used(void **state)
{
    char from[256], to[256];
    fill(*state, "abc4");
    snprintf(from, sizeof(from), "%s/abc4.frames", (char *)*state);
    snprintf(to, sizeof(to), "%s/abc5.frames", (char *)*state);
    fixture_copy(from, to);
    assert_int_equal(count_at(*state, "abc5", 0x2000), -ENOENT);
}

static void strings_that_would_break_lines_are_not_kept(void **state)
{
    const struct symbol_frame bad[] = {{"a\nb", "/src/a.c", 1, 1}}, good[] = {{"ab", "/src/a.c", 1, 1}};
    struct frame_cache cache;
    assert_int_equal(frame_cache_load(*state, "abc6", &cache), 0);
    frame_cache_add(&cache, 0x1000, bad, 1);
    frame_cache_add(&cache, 0x2000, good, 1);
    assert_int_equal(frame_cache_save(&cache), 0);
    frame_cache_clear(&cache);
    assert_int_equal(count_at(*state, "abc6", 0x1000), -ENOENT);
    assert_int_equal(count_at(*state, "abc6", 0x2000), 1);
}

static void folder_is_made_private_on_first_use(void **state)
{
    char folder[256];
    struct stat status;
    snprintf(folder, sizeof(folder), "%s/deep/er", (char *)*state);
    fill(folder, "abc7");
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(count_at(folder, "abc7", 0x2000), 2);
}

static void nothing_is_kept_without_folder_or_proper_build_id(void **state)
{
    static const char *const ids[] = {"", "../../etc/passwd", "ABC", "ab/cd"};
    struct frame_cache cache;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_int_equal(frame_cache_load(*state, ids[i], &cache), 0);
        assert_null(cache.path);
        frame_cache_clear(&cache);
    }
    assert_int_equal(frame_cache_load(NULL, "abc8", &cache), 0);
    frame_cache_add(&cache, 0x1000, only_line, 1);
    assert_int_equal(frame_cache_save(&cache), 0);
    frame_cache_clear(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_as_they_were),
        cmocka_unit_test(later_runs_add_to_earlier_ones),
        cmocka_unit_test(damaged_file_is_the_same_as_none),
        cmocka_unit_test(file_of_another_object_is_not_used),
        cmocka_unit_test(strings_that_would_break_lines_are_not_kept),
        cmocka_unit_test(folder_is_made_private_on_first_use),
        cmocka_unit_test(nothing_is_kept_without_folder_or_proper_build_id),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
