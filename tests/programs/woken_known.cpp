/* woken_known ROUNDS: two threads that end each other's waits, by each way in turn, ROUNDS times. Whoever
 * ends a wait first sees that the other one sleeps, so every wait is one, and who ends it is known. One line
 * of JSON: their tids, and of each way its reason and what each of them waited. */
#include "times.hpp"
#include "waiting.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <future>
#include <latch>
#include <linux/futex.h>
#include <mutex>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <semaphore>
#include <shared_mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace
{

int rounds;
std::atomic<int> arrived;

/* Of both, before and after each round; no wait that a trace tells of. */
void meet(int number)
{
    arrived++;
    while (arrived < 2 * number)
        sched_yield();
}

/* One way to wait: `take` waits until `give` is called, `prepare` comes before each round, in the giver. */
struct way {
    const char *reason;
    void (*prepare)();
    void (*take)();
    void (*give)();
    bool spins = false; /* before it sleeps */
};

sem_t sem;
std::mutex mutex, gate;
std::condition_variable condition;
std::shared_mutex shared;
bool is_open;
std::atomic<int> word;
std::optional<std::latch> latch;
std::counting_semaphore<7> counter(0);
std::optional<std::promise<void>> promise;
pthread_barrier_t barrier;
int ends[2], pair[2], event, epoll;

template <typename Bytes> void take_bytes(int fd)
{
    Bytes bytes;
    if (read(fd, &bytes, sizeof(bytes)) != sizeof(bytes))
        abort();
}

void give_bytes(int fd)
{
    const uint64_t bytes = 1;
    if (write(fd, &bytes, sizeof(bytes)) != sizeof(bytes))
        abort();
}

void take_polled(int fd)
{
    pollfd polled[2] = {{-1, POLLIN, 0}, {fd, POLLIN, 0}};
    if (poll(polled, 2, -1) == 1)
        take_bytes<uint64_t>(fd);
}

void take_event(int fd)
{
    epoll_event which;
    if (epoll_wait(epoll, &which, 1, -1) == 1)
        take_bytes<uint64_t>(fd);
}

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
    {"futex", [] { word = 0; }, [] { word.wait(0); },
     [] {
         word = 1;
         word.notify_all();
     },
     true},
    {"futex", [] { word = 0; }, [] { syscall(SYS_futex, &word, FUTEX_WAIT, 0, nullptr, nullptr, 0); },
     [] { syscall(SYS_futex, &word, FUTEX_WAKE, 1); }},
    {"futex", [] { latch.emplace(1); }, [] { latch->wait(); }, [] { latch->count_down(); }, true},
    {"futex", [] {}, [] { counter.acquire(); }, [] { counter.release(); }, true},
    {"futex", [] { promise.emplace(); }, [] { promise->get_future().get(); }, [] { promise->set_value(); }},
    {"barrier", [] {}, [] { pthread_barrier_wait(&barrier); }, [] { pthread_barrier_wait(&barrier); }},
    {"pipe", [] {}, [] { take_bytes<uint64_t>(ends[0]); }, [] { give_bytes(ends[1]); }},
    {"pipe", [] {}, [] { take_bytes<uint64_t>(event); }, [] { give_bytes(event); }},
    {"net_read", [] {}, [] { take_bytes<uint64_t>(pair[0]); }, [] { give_bytes(pair[1]); }},
    {"net_read", [] {}, [] { take_bytes<uint64_t>(pair[1]); }, [] { send(pair[0], "waking ", 8, 0); }},
    {"poll", [] {}, [] { take_polled(ends[0]); }, [] { give_bytes(ends[1]); }},
    {"poll", [] {}, [] { take_event(event); }, [] { give_bytes(event); }},
};

struct side {
    int tid;
    long waited_ns[sizeof(ways) / sizeof(ways[0])]; /* as the one measures that waits */
    long asleep_ns[sizeof(ways) / sizeof(ways[0])]; /* as the other one saw it */
};
side sides[2];

void take_turns(int self)
{
    sides[self].tid = gettid();
    int met = 0;
    meet(++met);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        for (int round = 0; round < 2 * rounds; round++) {
            bool gives = round % 2 == self;
            if (gives)
                ways[i].prepare();
            meet(++met);
            long start_ns = now_ns();
            if (gives) {
                while (!is_waiting(sides[!self].tid))
                    pause_us(100);
                start_ns = now_ns();
                pause_us(3000);
                sides[!self].asleep_ns[i] += now_ns() - start_ns;
                ways[i].give();
            } else {
                ways[i].take();
                sides[self].waited_ns[i] += now_ns() - start_ns;
            }
            meet(++met);
        }
    }
}

std::atomic<int> main_is_ready;

/* A thread that ends while the first one waits for that, and then has no call left to tell of. */
void *end_while_joined(void *tid)
{
    *static_cast<int *>(tid) = gettid();
    while (!main_is_ready || !is_waiting(getpid()))
        sched_yield();
    pause_us(3000);
    return nullptr;
}

long join_one(int *tid)
{
    main_is_ready = 0;
    pthread_t thread;
    if (pthread_create(&thread, nullptr, end_while_joined, tid))
        abort();
    long start_ns = now_ns();
    main_is_ready = 1;
    pthread_join(thread, nullptr);
    return now_ns() - start_ns;
}

/* A descriptor that has come to mean something else: what is written to it nobody reads from its number. */
void reuse_numbers()
{
    close(event);
    close(ends[0]);
    close(ends[1]);
    if (dup2(pair[0], event) != event || dup2(pair[0], ends[0]) != ends[0] ||
        dup2(pair[0], ends[1]) != ends[1])
        abort();
    int reads[] = {event, ends[0]}, writes[] = {event, ends[1]};
    for (int i = 0; i < 2; i++) {
        std::atomic<int> tid(0);
        std::thread reader([&] {
            tid = gettid();
            take_bytes<uint64_t>(reads[i]);
        });
        while (!tid || !is_waiting(tid))
            sched_yield();
        give_bytes(writes[i]);
        pause_us(2000);
        give_bytes(pair[1]);
        reader.join();
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    rounds = atoi(argv[1]);
    pthread_barrier_init(&barrier, nullptr, 2);
    sem_init(&sem, 0, 0);
    event = eventfd(0, 0);
    epoll = epoll_create1(0);
    epoll_event watched = {EPOLLIN, {nullptr}};
    if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || event < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, event, &watched))
        return 1;
    std::thread first(take_turns, 0), second(take_turns, 1);
    first.join();
    second.join();
    printf("{\"main\": %d, \"joins\": [", getpid());
    for (int i = 0, tid; i < rounds; i++) {
        long waited_ns = join_one(&tid);
        printf("%s[%d, %ld]", i ? ", " : "", tid, waited_ns);
    }
    reuse_numbers();
    printf("], \"tids\": [%d, %d], \"ways\": [", sides[0].tid, sides[1].tid);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        printf("%s{\"reason\": \"%s\", \"spins\": %s, \"waited_ns\": [%ld, %ld], \"asleep_ns\": [%ld, %ld]}",
               i ? ",\n" : "", ways[i].reason, ways[i].spins ? "true" : "false", sides[0].waited_ns[i],
               sides[1].waited_ns[i], sides[0].asleep_ns[i], sides[1].asleep_ns[i]);
    printf("]}\n");
    return 0;
}
