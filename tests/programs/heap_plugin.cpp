// A plugin for heap_host: brings operators new and delete of its own, and allocates by malloc in a function
// of its own.
#include <cstddef>
#include <cstdio>
#include <cstdlib>

static int news, deletes;

void *operator new(std::size_t size)
{
    news++;
    return malloc(size);
}

void operator delete(void *block) noexcept
{
    deletes++;
    free(block);
}

void operator delete(void *block, std::size_t) noexcept
{
    deletes++;
    free(block);
}

struct Thing {
    int numbers[10];
    virtual ~Thing() = default;
};

extern "C" __attribute__((noinline, visibility("default"))) void *allocate_in_plugin(size_t size)
{
    void *block = malloc(size);
    __asm__ volatile("" ::: "memory");
    return block;
}

extern "C" __attribute__((visibility("default"))) void plugin_run()
{
    for (int i = 0; i < 3; i++)
        delete new Thing;
    for (int i = 0; i < 100; i++)
        allocate_in_plugin(1000);
    printf("the plugin's own: %d new, %d delete\n", news, deletes);
}
