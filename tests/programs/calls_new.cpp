// Every form of C++'s operators new and delete: blocks, failures, handlers, exceptions through the call. With
// an argument: without failures, which some allocators answer with an abort.
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>

extern "C" { // of transcript.h, which is C
void transcript_begin(void);
void transcript_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
}

using std::size_t;

namespace
{

const std::align_val_t wide{256};
volatile size_t too_much = SIZE_MAX / 2 + 1;
int handled;

void give_up()
{
    handled++;
    std::set_new_handler(nullptr);
}

void tell(const char *form, const void *block, size_t size, size_t alignment)
{
    transcript_line("%s: %s, aligned %s", form, block ? "a block" : "null",
                    size && reinterpret_cast<uintptr_t>(block) % alignment ? "no" : "yes");
}

template <typename Allocate> void fails(const char *form, Allocate allocate)
{
    handled = 0;
    std::set_new_handler(give_up);
    try {
        const void *block = allocate();
        transcript_line("%s of too much: %s after %d calls of the handler", form, block ? "a block" : "null",
                        handled);
    } catch (const std::bad_alloc &) {
        transcript_line("%s of too much: bad_alloc after %d calls of the handler", form, handled);
    }
    std::set_new_handler(nullptr);
}

struct Thrower {
    long filler[20];
    Thrower()
    {
        throw 7;
    }
};

struct alignas(256) WideThrower {
    WideThrower()
    {
        throw 8;
    }
};

// The constructor's exception makes the compiler's own delete run.
template <typename T> void throws(const char *form)
{
    try {
        delete new T;
    } catch (int number) {
        transcript_line("%s threw %d", form, number);
    }
}

void every_form(size_t size)
{
    void *block = operator new(size);
    tell("new", block, size, 8);
    operator delete(block);
    block = operator new(size);
    operator delete(block, size);
    block = operator new(size, std::nothrow);
    tell("nothrow new", block, size, 8);
    operator delete(block, std::nothrow);
    block = operator new(size, wide);
    tell("aligned new", block, size, 256);
    operator delete(block, wide);
    block = operator new(size, wide);
    operator delete(block, size, wide);
    block = operator new(size, wide, std::nothrow);
    tell("aligned nothrow new", block, size, 256);
    operator delete(block, wide, std::nothrow);
}

void every_array_form(size_t size)
{
    void *block = operator new[](size);
    tell("new[]", block, size, 8);
    operator delete[](block);
    block = operator new[](size);
    operator delete[](block, size);
    block = operator new[](size, std::nothrow);
    tell("nothrow new[]", block, size, 8);
    operator delete[](block, std::nothrow);
    block = operator new[](size, wide);
    tell("aligned new[]", block, size, 256);
    operator delete[](block, wide);
    block = operator new[](size, wide);
    operator delete[](block, size, wide);
    block = operator new[](size, wide, std::nothrow);
    tell("aligned nothrow new[]", block, size, 256);
    operator delete[](block, wide, std::nothrow);
}

void every_failure()
{
    fails("new", [] { return operator new(too_much); });
    fails("new[]", [] { return operator new[](too_much); });
    fails("nothrow new", [] { return operator new(too_much, std::nothrow); });
    fails("nothrow new[]", [] { return operator new[](too_much, std::nothrow); });
    fails("aligned new", [] { return operator new(too_much, wide); });
    fails("aligned new[]", [] { return operator new[](too_much, wide); });
    fails("aligned nothrow new", [] { return operator new(too_much, wide, std::nothrow); });
    fails("aligned nothrow new[]", [] { return operator new[](too_much, wide, std::nothrow); });
}

} // namespace

int main(int argc, char **)
{
    transcript_begin();
    for (size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{1} << 20}) {
        every_form(size);
        every_array_form(size);
    }
    if (argc < 2)
        every_failure();
    throws<Thrower>("constructor");
    throws<WideThrower>("aligned constructor");
    operator delete(nullptr);
    operator delete[](nullptr);
    return 0;
}
