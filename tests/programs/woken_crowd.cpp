/* woken_crowd ROUNDS: threads that wait for each other at a barrier, in a convoy for a lock, for batches, and
 * for the result of std::async, ROUNDS times each. Whoever ends a wait first sees that the others sleep. One
 * line of JSON: of each reason the waits, as [waiter's tid, waker's tid, ns] in the order of their ends. */
#include "times.hpp"
#include "waiting.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

constexpr int CROWD = 3, BATCH = 5;

struct wait {
    int waiter, waker;
    long ns;
};

int rounds;
std::array<std::atomic<int>, CROWD> tids;
std::atomic<int> arrived;
std::array<std::vector<wait>, CROWD> at_barrier, in_convoy, for_batches;

/* Of the whole crowd; no wait that a trace tells of. */
void meet(int &met)
{
    met += CROWD;
    arrived++;
    while (arrived < met)
        sched_yield();
}

/* Until so many of the others sleep, and then a while. */
void let_wait(int self, int count)
{
    for (int asleep = -1; asleep < count;) {
        asleep = 0;
        for (int i = 0; i < CROWD; i++)
            asleep += i != self && is_waiting(tids[i]);
        sched_yield();
    }
    pause_us(3000);
}

pthread_barrier_t barrier;

void barrier_round(int self, int last)
{
    if (self == last)
        let_wait(self, CROWD - 1);
    long start_ns = now_ns();
    pthread_barrier_wait(&barrier);
    if (self != last)
        at_barrier[self].push_back({tids[self], tids[last], now_ns() - start_ns});
}

std::mutex mutex;
std::atomic<bool> is_held;
int holder; /* the last one; protected by the mutex */

/* Each in the crowd holds the lock until all who are still to come wait for it. */
void convoy_round(int self, int first)
{
    static int left; /* protected by the mutex */
    if (self != first)
        while (!is_held)
            sched_yield();
    long start_ns = now_ns();
    std::lock_guard<std::mutex> lock(mutex);
    if (self != first)
        in_convoy[self].push_back({tids[self], holder, now_ns() - start_ns});
    else
        left = CROWD;
    is_held = true;
    holder = tids[self];
    let_wait(self, --left);
}

std::mutex gate;
std::condition_variable filled, drained;
int queued; /* protected by the gate */

/* The consumer waits for each whole batch, the producer for room. */
void produce(int consumer)
{
    for (int round = 0; round < rounds; round++) {
        let_wait(0, 1);
        std::unique_lock<std::mutex> lock(gate);
        queued = BATCH;
        filled.notify_one();
        long start_ns = now_ns();
        drained.wait(lock, [] { return queued == 0; });
        for_batches[0].push_back({tids[0], consumer, now_ns() - start_ns});
    }
}

void consume(int producer)
{
    std::unique_lock<std::mutex> lock(gate);
    for (int round = 0; round < rounds; round++) {
        long start_ns = now_ns();
        filled.wait(lock, [] { return queued == BATCH; });
        for_batches[1].push_back({tids[1], producer, now_ns() - start_ns});
        lock.unlock();
        let_wait(1, 1);
        lock.lock();
        queued = 0;
        drained.notify_one();
    }
}

void crowd_main(int self)
{
    int met = 0;
    tids[self] = gettid();
    meet(met);
    for (int round = 0; round < rounds; round++) {
        barrier_round(self, round % CROWD);
        meet(met);
        convoy_round(self, round % CROWD);
        meet(met);
        is_held = false;
        meet(met);
    }
    if (self == 0)
        produce(tids[1]);
    else if (self == 1)
        consume(tids[0]);
}

std::atomic<bool> is_asked;

int answer()
{
    while (!is_asked || !is_waiting(getpid()))
        sched_yield();
    pause_us(3000);
    return gettid();
}

wait ask()
{
    is_asked = false;
    std::future<int> answered = std::async(std::launch::async, answer);
    long start_ns = now_ns();
    is_asked = true;
    int waker = answered.get();
    return {getpid(), waker, now_ns() - start_ns};
}

void print(const char *name, const std::vector<wait> &waits, bool is_first)
{
    for (const wait &wait : waits)
        printf("%s[\"%s\", %d, %d, %ld]", is_first && &wait == &waits[0] ? "[" : ",\n", name, wait.waiter,
               wait.waker, wait.ns);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    rounds = atoi(argv[1]);
    pthread_barrier_init(&barrier, nullptr, CROWD);
    std::vector<wait> for_answers;
    for (int i = 0; i < rounds; i++)
        for_answers.push_back(ask());
    std::vector<std::thread> crowd;
    for (int i = 0; i < CROWD; i++)
        crowd.emplace_back(crowd_main, i);
    for (std::thread &thread : crowd)
        thread.join();
    print("join", for_answers, true);
    for (int i = 0; i < CROWD; i++) {
        print("barrier", at_barrier[i], false);
        print("mutex", in_convoy[i], false);
        print("cond", for_batches[i], false);
    }
    printf("]\n");
    return 0;
}
