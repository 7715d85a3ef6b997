// Rows of fibers alone: yield, spawn, await, fib with a fiber a call, sleep, and the fan-out.
#include "boost.hpp"
#include <algorithm>

enum { fib_of = 22, fib_value = 17711 };

static void join_all(std::vector<fiber> &fibers)
{
    for (fiber &each : fibers)
        each.join();
}

// Two fibers a worker yield to each other; an operation is one yield.
void yields(uint64_t count)
{
    unsigned number = 2 * workers;
    std::vector<fiber> fibers;
    for (unsigned i = 0; i < number; i++) {
        fibers.push_back(start([=] {
            for (uint64_t left = count / number; left > 0; left--)
                boost::this_fiber::yield();
        }));
    }
    join_all(fibers);
}

// Fibers one by one, each started and awaited.
void spawn_and_await(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        start([] {}).join();
}

// Many fibers, then each awaited, in the order in which they were made.
void spawn_and_await_all(uint64_t count)
{
    std::vector<fiber> fibers;
    fibers.reserve(count);
    for (uint64_t i = 0; i < count; i++)
        fibers.push_back(start([] {}));
    join_all(fibers);
}

static uint64_t fib(uint64_t n)
{
    if (n < 2)
        return n;
    uint64_t values[2];
    fiber first = start([&values, n] { values[0] = fib(n - 1); });
    fiber second = start([&values, n] { values[1] = fib(n - 2); });
    first.join();
    second.join();
    return values[0] + values[1];
}

// fib(22), every call a fiber that awaits its two children; an operation is one fiber.
void fib_by_fibers(uint64_t)
{
    uint64_t value = 0;
    start([&value] { value = fib(fib_of); }).join();
    if (value != fib_value)
        give_up("fib(22) is another number");
}

// 100,000 fibers of ten sleeps each: how late they wake.
void sleep_all(uint64_t count)
{
    using clock = std::chrono::steady_clock;
    struct sleeper {
        int64_t late = 0, latest = 0; // ns
    };
    std::vector<sleeper> crowd(sleepers);
    std::vector<fiber> fibers;
    for (uint64_t i = 0; i < sleepers; i++) {
        fibers.push_back(start([i, &crowd] {
            for (uint64_t sleep = 0; sleep < sleeps_each; sleep++) {
                auto due = clock::now() + std::chrono::milliseconds(work_nap(i, sleep));
                boost::this_fiber::sleep_until(due);
                int64_t late = std::chrono::nanoseconds(clock::now() - due).count();
                if (late < 0)
                    give_up("a fiber woke too early");
                crowd[i].late += late;
                crowd[i].latest = std::max(crowd[i].latest, late);
            }
        }));
    }
    join_all(fibers);
    double late = 0;
    int64_t latest = 0;
    for (const sleeper &each : crowd) {
        late += static_cast<double>(each.late);
        latest = std::max(latest, each.latest);
    }
    std::printf("late %.3f\nlatest %lld.000\n", late / static_cast<double>(count),
                static_cast<long long>(latest));
}

// 64 fibers that compute for a millisecond each; an operation is all of them.
void fan_out(uint64_t count)
{
    repeat_fan_out(count, [](uint64_t *results) {
        std::vector<fiber> fibers;
        for (uint64_t i = 0; i < fan_out_tasks; i++)
            fibers.push_back(start([=] { results[i] = work_compute(i); }));
        join_all(fibers);
    });
}
