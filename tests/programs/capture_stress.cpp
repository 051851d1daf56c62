// capture_stress SECONDS [CPU_SECONDS]: all that is hard for stack capture at once: allocation, exceptions,
// unloading code that is on the stack, forks. Prints the work done as JSON.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{
using Clock = std::chrono::steady_clock;

constexpr int worker_count = 4;
constexpr auto fork_interval = std::chrono::milliseconds(20);

std::atomic<bool> is_over{false};

[[gnu::noinline]] int throw_from_below(int depth, const std::string &text)
{
    if (depth == 0) {
        throw std::runtime_error(text);
    }
    int result = throw_from_below(depth - 1, text + "x");
    return result + 1;
}

[[gnu::noinline]] std::size_t allocate_some(unsigned round)
{
    std::map<std::string, std::vector<int>> table;
    for (unsigned i = 0; i < 20; i++) {
        table[std::to_string(round + i * 7919U)].assign(i * 8U + 1U, static_cast<int>(i));
    }
    return table.size();
}

[[gnu::noinline]] bool one_round(unsigned round)
{
    std::size_t size = allocate_some(round);
    try {
        return throw_from_below(static_cast<int>(round % 12U), "thrown") == 0;
    } catch (const std::runtime_error &error) {
        return size == 20 && error.what()[0] == 't';
    }
}

void worker(std::atomic<unsigned long> &rounds, std::atomic<unsigned long> &mistakes)
{
    for (unsigned round = 0; !is_over.load(std::memory_order_relaxed); round++) {
        if (one_round(round)) {
            rounds.fetch_add(1, std::memory_order_relaxed);
        } else {
            mistakes.fetch_add(1);
        }
    }
}

// Burns a little inside the plugin's callback, so that samples find the plugin on the stack.
int burn_briefly(int value)
{
    for (int i = 0; i < 20000; i++) {
        value = value * 1103515245 + 12345;
    }
    return value & 1;
}

void loader(std::atomic<unsigned long> &loads, std::atomic<unsigned long> &mistakes)
{
    while (!is_over.load(std::memory_order_relaxed)) {
        void *handle = dlopen("libcalls_plugin.so", RTLD_NOW | RTLD_LOCAL);
        auto call = handle == nullptr
                        ? nullptr
                        : reinterpret_cast<int (*)(int (*)(int), int)>(dlsym(handle, "plugin_call"));
        if (call == nullptr || call(burn_briefly, 3) < 1 || dlclose(handle) != 0) {
            mistakes.fetch_add(1);
        } else {
            loads.fetch_add(1, std::memory_order_relaxed);
        }
    }
}

// The child allocates and throws as well: it must not have inherited a locked lock.
bool fork_once()
{
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        _exit(one_round(5) ? 0 : 1);
    }
    int status = -1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

double cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval &t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
} // namespace

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? std::atof(argv[1]) : 5;
    double cpu_limit = argc > 2 ? std::atof(argv[2]) : 1e9;
    double cpu_before = cpu_seconds(); // what starting up has cost is no work
    std::atomic<unsigned long> rounds[worker_count]{};
    std::atomic<unsigned long> loads{0}, mistakes{0};
    unsigned long forks = 0;
    std::vector<std::thread> threads;
    for (auto &count : rounds) {
        threads.emplace_back(worker, std::ref(count), std::ref(mistakes));
    }
    threads.emplace_back(loader, std::ref(loads), std::ref(mistakes));
    auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end && cpu_seconds() - cpu_before < cpu_limit) {
        if (fork_once()) {
            forks++;
        } else {
            mistakes.fetch_add(1);
        }
        std::this_thread::sleep_for(fork_interval);
    }
    is_over = true;
    for (auto &thread : threads) {
        thread.join();
    }
    unsigned long total = 0, least = rounds[0];
    for (auto &count : rounds) {
        total += count;
        least = count < least ? count.load() : least;
    }
    std::printf("{\"rounds\": %lu, \"least_rounds\": %lu, \"loads\": %lu, \"forks\": %lu, \"mistakes\": %lu, "
                "\"cpu_seconds\": %.6f}\n",
                total, least, loads.load(), forks, mistakes.load(), cpu_seconds() - cpu_before);
    return mistakes == 0 ? 0 : 1;
}
