/* From mangled to shown names: C++, Rust legacy, Rust v0, and what isn't mangled. */
#include "exporters/symbols/symbolize.h"
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *mangled, *shown;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *shown = demangle_short(rows[i].mangled);
        assert_non_null(shown);
        assert_string_equal(shown, rows[i].shown);
        free(shown);
    }
}

static void cxx_names_are_short(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"_ZN4shop3BoxIiE3putEi", "shop::Box::put"},
        {"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector::push_back"},
        {"_ZN12_GLOBAL__N_16helperEi", "(anonymous namespace)::helper"},
        {"_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc", "std::operator<<"},
        {"_ZN3FooltIiEEbRKT_", "Foo::operator<"},
        {"_ZN3FooclIiEEvT_", "Foo::operator()"},
        {"_ZNK3FoocvSt6vectorIiSaIiEEEv", "Foo::operator std::vector"},
        {"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()"},
        {"_ZZ5outeriEN5Local3runEv", "outer::Local::run"},
        {"_ZN1AIXgtLi3ELi2EEE1fEv", "A::f"},
        {"_Z3fooB5cxx11v", "foo[abi:cxx11]"},
        {"_ZThn16_N3Foo3barEv", "non-virtual thunk to Foo::bar"},
        {"_Z3fooi.isra.0.cold", "foo"},
        {"_Z3foov.constprop.0", "foo"},
    };
    check(rows, ARRAY_SIZE(rows));
}

static void legacy_rust_names_lose_their_hash(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"},
        {"_ZN4core3ptr42drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE",
         "core::ptr::drop_in_place"},
        {"_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE",
         "<alloc::string::String as core::fmt::Display>::fmt"},
        {"_ZN4test4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "test::main::{{closure}}"},
    };
    check(rows, ARRAY_SIZE(rows));
}

static void rust_v0_names_are_short(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"_RNvC7mycrate3foo", "mycrate::foo"},
        {"_RINvCs6GmmlP4bgsG_1r5applyNCNvB2_4main0EB2_", "r::apply"},
        {"_RNCNvC7mycrate4main0", "mycrate::main::{closure#0}"},
        {"_RNvXNtC7mycrate3modNtB2_3FooNtB4_5Trait3run", "<mycrate::mod::Foo as mycrate::Trait>::run"},
    };
    check(rows, ARRAY_SIZE(rows));
}

static void other_names_are_copied(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"main", "main"},
        {"", ""},
        {"_Z", "_Z"},
        {"_ZN3foo", "_ZN3foo"},
        {"_R", "_R"},
        {"main.(*Server).Serve", "main.(*Server).Serve"},
        {"main.Map[go.shape.int]", "main.Map[go.shape.int]"},
        {"plain_static.isra.0", "plain_static"},
        {"memcpy@@GLIBC_2.14", "memcpy"},
    };
    check(rows, ARRAY_SIZE(rows));
}

static void hostile_names_end(void **state)
{
    (void)state;
    size_t len = 200000;
    char *mangled = malloc(len + 1);
    assert_non_null(mangled);
    memset(mangled, 'P', len);
    memcpy(mangled, "_Z1f", 4);
    mangled[len] = '\0';
    char *shown = demangle_short(mangled);
    assert_string_equal(shown, mangled);
    free(shown);
    mangled[60000] = '\0';
    shown = demangle_short(mangled);
    assert_non_null(shown);
    free(shown);
    free(mangled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cxx_names_are_short),     cmocka_unit_test(legacy_rust_names_lose_their_hash),
        cmocka_unit_test(rust_v0_names_are_short), cmocka_unit_test(other_names_are_copied),
        cmocka_unit_test(hostile_names_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
