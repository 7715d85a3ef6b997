// The peer of bench/tasks/keel/fork.c on oneTBB: fib by task_group, loops by parallel_for, and the fan-out.
#include "../measure.hpp"
#include "../work.h"
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
    for (; count > 0; count -= fork_fib_calls) {
        if (fib(fork_fib_of) != fork_fib_value)
            give_up("fib(32) is another number");
    }
}

static unsigned char marks[loop_length];
static unsigned char mark;

// simple_partitioner: parts of at most `grain`, as in the other programs.
template <size_t Grain> static void loops(uint64_t count)
{
    for (; count > 0; count -= loop_length) {
        mark = static_cast<unsigned char>(mark % 255 + 1);
        tbb::parallel_for(
            tbb::blocked_range<int64_t>(0, loop_length, Grain),
            [](const auto &part) { work_loop(part.begin(), part.end(), marks, mark); },
            tbb::simple_partitioner());
    }
    if (!work_loop_is_right(marks, mark))
        give_up("a part of the loop is missing");
}

static float left_side[saxpy_length], right_side[saxpy_length];

static void saxpy(uint64_t count)
{
    static uint64_t passes;
    if (passes == 0)
        work_saxpy_begin(left_side, right_side);
    for (; count > 0; count -= saxpy_length) {
        passes++;
        tbb::parallel_for(
            tbb::blocked_range<int64_t>(0, saxpy_length, saxpy_grain),
            [](const auto &part) { work_saxpy(part.begin(), part.end(), left_side, right_side); },
            tbb::simple_partitioner());
    }
    if (!work_saxpy_is_right(left_side, right_side, passes))
        give_up("a part of saxpy is missing");
}

static void fan_out(uint64_t count)
{
    for (; count > 0; count--) {
        uint64_t results[fan_out_tasks], sum = 0;
        tbb::task_group group;
        for (uint64_t i = 0; i < fan_out_tasks; i++)
            group.run([&results, i] { results[i] = work_compute(i); });
        group.wait();
        for (uint64_t result : results)
            sum += result;
        if (sum != fan_out_sum)
            give_up("the sum of the fan-out is another number");
    }
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
