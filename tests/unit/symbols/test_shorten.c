/* Shortening of names that are already demangled, as DWARF has them too. */
#include "base/compiler.h"
#include "exporters/symbols/shorten.h"
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *name, *shown;
};

static void check(const struct row *rows, size_t count, void (*function)(char *))
{
    for (size_t i = 0; i < count; i++) {
        char *name = strdup(rows[i].name); /* sized exactly, so that sanitizers see an overrun */
        function(name);
        assert_string_equal(name, rows[i].shown);
        free(name);
    }
}

static void parameters_and_arguments_are_cut(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"main", "main"},
        {"ns::Box<int>::put(int) const", "ns::Box::put"},
        {"outer(int, char**)::Local::run(int)", "outer::Local::run"},
        {"std::map<int, std::vector<char> >::at(int const&) &", "std::map::at"},
        {"A<(1>2)>::f()", "A::f"},
        {"A<(3<4), (B)1>::f()", "A::f"},
        {"f<&A::operator> >(int)", "f"},
        {"f<decltype (a->b)>::g", "f::g"},
        {"f(int) [clone .isra.0] [clone .cold]", "f"},
        {"f [clone .cold]", "f"},
    };
    check(rows, ARRAY_SIZE(rows), shorten_name);
}

static void operators_and_unnamed_scopes_stay(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Foo::operator()(int) const", "Foo::operator()"},
        {"Foo::operator()<int>(int)", "Foo::operator()"},
        {"Foo::operator< <int>(Foo const&)", "Foo::operator<"},
        {"std::operator<< <std::char_traits<char> >(int)", "std::operator<<"},
        {"Foo::operator->() const", "Foo::operator->"},
        {"Foo::operator<=>(Foo const&)", "Foo::operator<=>"},
        {"Foo::operator[](int)", "Foo::operator[]"},
        {"Foo::operator std::vector<int>() const", "Foo::operator std::vector"},
        {"operator new(unsigned long)", "operator new"},
        {"my_operator<int>", "my_operator"},
        {"(anonymous namespace)::helper(int)", "(anonymous namespace)::helper"},
        {"a::(anonymous namespace)::B<int>::f()", "a::(anonymous namespace)::B::f"},
        {"main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()"},
        {"<lambda(int)>", "<lambda(int)>"},
        {"main::<lambda(std::vector<int>)>::operator()", "main::<lambda(std::vector)>::operator()"},
        {"f[abi:cxx11](int)", "f[abi:cxx11]"},
    };
    check(rows, ARRAY_SIZE(rows), shorten_name);
}

static void rust_paths_stay_readable(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"core::ptr::drop_in_place::<alloc::string::String>", "core::ptr::drop_in_place"},
        {"<alloc::vec::Vec<T> as core::ops::Drop>::drop", "<alloc::vec::Vec as core::ops::Drop>::drop"},
        {"<<a::B<T> as c::D>::E as f::G<T>>::h", "<<a::B as c::D>::E as f::G>::h"},
        {"<fn(u8) -> alloc::vec::Vec<u8> as a::B>::call", "<fn(u8) -> alloc::vec::Vec as a::B>::call"},
        {"<(A<T>, B) as c::D>::e", "<(A, B) as c::D>::e"},
        {"a::b::<impl c::D<T> for e::F<T>>::g", "a::b::<impl c::D for e::F>::g"},
        {"a::main::{closure#0}", "a::main::{closure#0}"},
        {"a::main::{{closure}}", "a::main::{{closure}}"},
    };
    check(rows, ARRAY_SIZE(rows), shorten_name);
}

static void unbalanced_names_lose_their_tail_only(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"f<int", "f"}, {"f(int", "f"}, {"f>", "f>"}, {"a::b)", "a::b)"}, {"<", "<"}, {"", ""}, {"(", "("},
    };
    check(rows, ARRAY_SIZE(rows), shorten_name);
}

static void deep_nesting_ends_the_name(void **state)
{
    (void)state;
    char name[3000] = "f";
    memset(name + 1, '<', 2000);
    shorten_name(name);
    assert_string_equal(name, "f");
}

static void suffixes_of_compilers_and_linkers_are_cut(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"foo.isra.0", "foo"},
        {"foo.constprop.12.isra.3.cold", "foo"},
        {"foo.part.0.cold.1", "foo"},
        {"foo.llvm.1234567890", "foo"},
        {"memcpy@@GLIBC_2.14", "memcpy"},
        {"read@plt", "read@plt"},
        {"foo.coldest", "foo.coldest"},
        {"main.(*T).Method", "main.(*T).Method"},
        {".cold", ".cold"},
        {"foo.1", "foo.1"},
    };
    check(rows, ARRAY_SIZE(rows), cut_symbol_suffix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_and_arguments_are_cut),
        cmocka_unit_test(operators_and_unnamed_scopes_stay),
        cmocka_unit_test(rust_paths_stay_readable),
        cmocka_unit_test(unbalanced_names_lose_their_tail_only),
        cmocka_unit_test(deep_nesting_ends_the_name),
        cmocka_unit_test(suffixes_of_compilers_and_linkers_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
