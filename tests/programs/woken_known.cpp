/* woken_known ROUNDS: two threads that end each other's waits, by each way in turn, ROUNDS times. Whoever
 * ends a wait first sees that the other one sleeps, so every wait is one, and who ends it is known. One line
 * of JSON. */
#include "times.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <semaphore.h>
#include <shared_mutex>
#include <thread>
#include <unistd.h>

namespace
{

int rounds;
pthread_barrier_t meeting; /* of both, before and after each round */

/* Does the thread sleep in futex, for something else than the meeting? */
bool is_waiting(int tid)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    close(fd);
    unsigned long address;
    if (len <= 0 || sscanf(text, "202 %lx", &address) != 1)
        return false;
    const unsigned long met = reinterpret_cast<unsigned long>(&meeting);
    return address < met || address >= met + sizeof(meeting);
}

/* One way to wait: `take` waits until `give` is called, `prepare` comes before each round, in the giver. */
struct way {
    const char *name;
    void (*prepare)();
    void (*take)();
    void (*give)();
};

sem_t sem;
std::mutex mutex, gate;
std::condition_variable condition;
std::shared_mutex shared;
bool is_open;

constexpr way ways[] = {
    {"sem", [] {}, [] { sem_wait(&sem); }, [] { sem_post(&sem); }},
    {"mutex", [] { mutex.lock(); },
     [] {
         mutex.lock();
         mutex.unlock();
     },
     [] { mutex.unlock(); }},
    {"cond", [] { is_open = false; },
     [] {
         std::unique_lock<std::mutex> lock(gate);
         condition.wait(lock, [] { return is_open; });
     },
     [] {
         {
             std::lock_guard<std::mutex> lock(gate);
             is_open = true;
         }
         condition.notify_one();
     }},
    {"rwlock_wr", [] { shared.lock_shared(); },
     [] {
         shared.lock();
         shared.unlock();
     },
     [] { shared.unlock_shared(); }},
    {"rwlock_rd", [] { shared.lock(); },
     [] {
         shared.lock_shared();
         shared.unlock_shared();
     },
     [] { shared.unlock(); }},
};

struct side {
    int tid;
    long waited_ns[sizeof(ways) / sizeof(ways[0])];
};
side sides[2];

void take_turns(int self)
{
    sides[self].tid = gettid();
    pthread_barrier_wait(&meeting);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        for (int round = 0; round < 2 * rounds; round++) {
            bool gives = round % 2 == self;
            if (gives)
                ways[i].prepare();
            pthread_barrier_wait(&meeting);
            long start_ns = now_ns();
            if (gives) {
                while (!is_waiting(sides[!self].tid))
                    pause_us(100);
                pause_us(3000);
                ways[i].give();
            } else {
                ways[i].take();
                sides[self].waited_ns[i] += now_ns() - start_ns;
            }
            pthread_barrier_wait(&meeting);
        }
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    rounds = atoi(argv[1]);
    pthread_barrier_init(&meeting, nullptr, 2);
    sem_init(&sem, 0, 0);
    std::thread first(take_turns, 0), second(take_turns, 1);
    first.join();
    second.join();
    printf("{\"tids\": [%d, %d]", sides[0].tid, sides[1].tid);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        printf(", \"%s\": [%ld, %ld]", ways[i].name, sides[0].waited_ns[i], sides[1].waited_ns[i]);
    printf("}\n");
    return 0;
}
