/* The vdso of this process. */
#include "exporters/symbols/elf_names.h"
#include "exporters/symbols/vdso.h"
#include "fixture.h"

#include <string.h>
#include <sys/auxv.h>

static void vdso_is_an_object_with_functions(void **state)
{
    (void)state;
    const void *image = NULL;
    size_t len = 0;
    struct elf_names *names = NULL;
    if (!getauxval(AT_SYSINFO_EHDR))
        skip();
    assert_int_equal(vdso_image(&image, &len), 0);
    assert_true(image == (const void *)getauxval(AT_SYSINFO_EHDR));
    assert_int_equal(elf_names_from_image(image, len, &names), 0);
    int is_found = 0;
    for (uint64_t at = 0; at < len && !is_found; at++) {
        const char *name = elf_names_find(names, at, NULL);
        is_found = name && strstr(name, "clock_gettime");
    }
    assert_true(is_found);
    elf_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vdso_is_an_object_with_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
