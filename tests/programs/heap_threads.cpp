// heap_threads: threads that come and go, give blocks to each other, and allocate and release in the
// destructors of their thread-local data. Prints who allocated what.
#include "heap_known.h"

#include <atomic>
#include <cstdlib>
#include <pthread.h>

namespace
{

const int threads = 4, waves = 25;
enum { BODY, DESTRUCTOR, KEY_DESTRUCTOR, HANDED, FUNCTIONS };
heap_known known[FUNCTIONS] = {{"in_body", 0, 0, 0, 0},
                               {"in_destructor", 0, 0, 0, 0},
                               {"in_key_destructor", 0, 0, 0, 0},
                               {"handed_over", 0, 0, 0, 0}};
pthread_mutex_t known_mutex = PTHREAD_MUTEX_INITIALIZER; // guards `known`
pthread_key_t key;
std::atomic<void *> offered;

void allocated(int function, size_t size)
{
    pthread_mutex_lock(&known_mutex);
    heap_known_allocated(&known[function], size);
    pthread_mutex_unlock(&known_mutex);
}

void freed(int function, size_t size)
{
    pthread_mutex_lock(&known_mutex);
    heap_known_freed(&known[function], size);
    pthread_mutex_unlock(&known_mutex);
}

} // namespace

extern "C" {

OUTLINE void *in_body(size_t size)
{
    void *block = malloc(size);
    STAY;
    return block;
}

OUTLINE void *handed_over(size_t size)
{
    void *block = malloc(size);
    STAY;
    return block;
}

OUTLINE void *in_destructor(size_t size)
{
    void *block = malloc(size);
    STAY;
    return block;
}

OUTLINE void in_key_destructor(void *block)
{
    free(block);
    freed(BODY, 70);
    block = malloc(90);
    allocated(KEY_DESTRUCTOR, 90);
    free(block);
    freed(KEY_DESTRUCTOR, 90);
}
}

namespace
{

struct Local {
    void *block = nullptr;
    ~Local()
    {
        free(block);
        freed(BODY, 50);
        void *last = in_destructor(300);
        allocated(DESTRUCTOR, 300);
        last = realloc(last, 200); // counted as this function's
        freed(DESTRUCTOR, 300);
        free(last);
        in_destructor(40);
        allocated(DESTRUCTOR, 40);
    }
};

thread_local Local local;

void *work(void *)
{
    local.block = in_body(50);
    allocated(BODY, 50);
    pthread_setspecific(key, in_body(70));
    allocated(BODY, 70);
    for (int i = 0; i < 200; i++) {
        void *theirs = offered.exchange(handed_over(1000));
        allocated(HANDED, 1000);
        if (theirs) {
            free(theirs);
            freed(HANDED, 1000);
        }
    }
    return nullptr;
}

} // namespace

int main()
{
    pthread_key_create(&key, in_key_destructor);
    for (int wave = 0; wave < waves; wave++) {
        pthread_t all[threads];
        for (pthread_t &one : all) {
            if (pthread_create(&one, nullptr, work, nullptr))
                abort();
        }
        for (pthread_t one : all)
            pthread_join(one, nullptr);
    }
    heap_known_print(known, FUNCTIONS);
    return 0;
}
