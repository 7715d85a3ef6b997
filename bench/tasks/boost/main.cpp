// The peer of bench/tasks/keel on Boost.Fiber: the same operations, measured the same way. Every fiber has its
// stack from the start, so there are fewer of them where the others have a million: `await-million` has
// 100,000, and fib is of 22. Skynet is left out for the same reason.
#include "boost.hpp"
#include <thread>

enum {
    fibers_spawned = 100 * 1000,
    fib_fibers = 57313, // calls of fib(22)
};

unsigned workers = 1;

static const row rows[] = {
    {"switch", yields, 4096, 0, false, true},
    {"spawn-await", spawn_and_await, 1000},
    {"await-million", spawn_and_await_all, 0, fibers_spawned},
    {"fib", fib_by_fibers, 0, fib_fibers},
    {"ping-pong", ping_pong, 1000},
    {"buffered", buffered, 1000},
    {"threadring", thread_ring, 1000},
    {"sleepers", sleep_all, 0, sleepers *sleeps_each, true},
    {"fan-out", fan_out, 1},
};

// Two threads steal fibers from each other; the second sleeps when it finds none, until the row is done.
static void run(const row &row, unsigned number)
{
    workers = number;
    if (number == 1) {
        measure(row, number);
        return;
    }
    boost::fibers::mutex mutex;
    boost::fibers::condition_variable condition;
    bool done = false;
    std::thread second([&] {
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::work_stealing>(number, true);
        std::unique_lock<boost::fibers::mutex> lock(mutex);
        condition.wait(lock, [&] { return done; });
    });
    boost::fibers::use_scheduling_algorithm<boost::fibers::algo::work_stealing>(number, true);
    measure(row, number);
    {
        std::unique_lock<boost::fibers::mutex> lock(mutex);
        done = true;
    }
    condition.notify_all();
    second.join();
}

int main(int argc, char **argv)
{
    return choose(argc, argv, rows, run);
}
