// The peer of bench/tasks/keel/fork.c on oneTBB: fib by task_group, loops by parallel_for, and the fan-out.
#include "../repeat.hpp"
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

static uint64_t fib(uint64_t n)
{
    if (n < 2)
        return n;
    uint64_t first;
    tbb::task_group group;
    group.run([&first, n] { first = fib(n - 1); });
    uint64_t second = fib(n - 2);
    group.wait();
    return first + second;
}

static void fork_fib(uint64_t count)
{
    repeat_fib(count, fib);
}

// simple_partitioner: parts of at most `grain`, as in the other programs.
template <typename Body> static void for_parts(int64_t length, size_t grain, Body body)
{
    tbb::parallel_for(
        tbb::blocked_range<int64_t>(0, length, grain),
        [body](const auto &part) { body(part.begin(), part.end()); }, tbb::simple_partitioner());
}

template <size_t Grain> static void loops(uint64_t count)
{
    repeat_loop(count, [](unsigned char mark) {
        for_parts(loop_length, Grain,
                  [mark](int64_t begin, int64_t end) { work_loop(begin, end, marks, mark); });
    });
}

static void saxpy(uint64_t count)
{
    repeat_saxpy(count, [] {
        for_parts(saxpy_length, saxpy_grain, [](int64_t begin, int64_t end) {
            work_saxpy(begin, end, left_side, right_side);
        });
    });
}

static void fan_out(uint64_t count)
{
    repeat_fan_out(count, [](uint64_t *results) {
        tbb::task_group group;
        for (uint64_t i = 0; i < fan_out_tasks; i++)
            group.run([results, i] { results[i] = work_compute(i); });
        group.wait();
    });
}

static const row rows[] = {
    {"fork-fib", fork_fib, fork_fib_calls}, {"loop-1", loops<1>, loop_length},
    {"loop-32", loops<32>, loop_length},    {"loop-1024", loops<1024>, loop_length},
    {"saxpy", saxpy, saxpy_length},         {"fan-out", fan_out, 1},
};

static void run(const row &row, unsigned workers)
{
    tbb::global_control control(tbb::global_control::max_allowed_parallelism, workers);
    tbb::task_arena(static_cast<int>(workers)).execute([&] { measure(row, workers); });
}

int main(int argc, char **argv)
{
    return choose(argc, argv, rows, run);
}
