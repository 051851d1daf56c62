/* user_known REQUESTS: tasks that go from one thread to another, regions within each other, logs and
 * counters, of known numbers and lengths: one line of JSON. user_known cost: what a pair of region calls
 * costs, ns. */
#include "preflame/preflame.h"
#include "times.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace
{

struct sums {
    long request_ns, serve_ns, parse_ns;
};

/* Some of its regions end as their scope does, one by that of the region around it. */
void serve(uint64_t task, int number, long begun_ns, sums *ret)
{
    char message[32];
    long start_ns = now_ns();
    {
        preflame::region serve{"serve", task};
        long parse_start_ns = now_ns();
        {
            preflame::region parse{"parse", task};
            pause_us(3000);
        }
        ret->parse_ns += now_ns() - parse_start_ns;
        snprintf(message, sizeof(message), "GET /%d", number);
        preflame_log(task, "request", message);
        preflame_region_begin(0, "left open");
        pause_us(2000);
    }
    ret->serve_ns += now_ns() - start_ns;
    preflame_task_end(task);
    ret->request_ns += now_ns() - begun_ns;
}

void run(int requests)
{
    sums sum = {};
    preflame_region_end(0, "never begun");
    preflame::task all{"all"};
    for (int i = 0; i < requests; i++) {
        uint64_t task = 0;
        long start_ns = now_ns();
        preflame_task_begin("request", all.number(), &task);
        preflame_counter("open requests", 1.5 * i);
        std::thread([&] { serve(task, i, start_ns, &sum); }).join();
    }
    printf("{\"requests\": %d, \"request\": %ld, \"serve\": %ld, \"parse\": %ld}\n", requests, sum.request_ns,
           sum.serve_ns, sum.parse_ns);
}

void cost()
{
    const int rounds = 1000000;
    long best_ns = 1L << 60;
    for (int attempt = 0; attempt < 5; attempt++) {
        long start_ns = now_ns();
        for (int i = 0; i < rounds; i++) {
            preflame_region_begin(0, "none");
            preflame_region_end(0, "none");
        }
        long took_ns = now_ns() - start_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    printf("%f\n", (double)best_ns / rounds);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    if (strcmp(argv[1], "cost") == 0)
        cost();
    else
        run(atoi(argv[1]));
    return 0;
}
