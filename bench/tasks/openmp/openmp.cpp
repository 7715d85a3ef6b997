// The peer of bench/tasks/keel/fork.c on the compiler's OpenMP: fib by tasks, loops by `parallel for`, which hands
// out parts of the grain (built with -DBY_SHARE: which gives every thread its share), and the fan-out by tasks.
#include "../measure.hpp"
#include "../work.h"
#include <omp.h>

#ifdef BY_SHARE
#define SCHEDULE(grain) schedule(static)
#else
#define SCHEDULE(grain) schedule(dynamic, grain)
#endif

static unsigned char marks[loop_length];
static unsigned char mark;

// The compiler sees single iterations, so it is the one who makes parts of them.
template <int Grain> static void loops(uint64_t count)
{
    for (; count > 0; count -= loop_length) {
        mark = static_cast<unsigned char>(mark % 255 + 1);
        const unsigned char this_mark = mark;
#pragma omp parallel for SCHEDULE(Grain)
        for (int64_t i = 0; i < loop_length; i++)
            work_loop(i, i + 1, marks, this_mark);
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
#pragma omp parallel for SCHEDULE(saxpy_grain)
        for (int64_t i = 0; i < saxpy_length; i++)
            right_side[i] = 3.0f * left_side[i] + right_side[i];
    }
    if (!work_saxpy_is_right(left_side, right_side, passes))
        give_up("a part of saxpy is missing");
}

#ifndef BY_SHARE
static uint64_t fib(uint64_t n)
{
    if (n < 2)
        return n;
    uint64_t first;
#pragma omp task shared(first)
    first = fib(n - 1);
    uint64_t second = fib(n - 2);
#pragma omp taskwait
    return first + second;
}

static void fork_fib(uint64_t count)
{
    for (; count > 0; count -= fork_fib_calls) {
        uint64_t value;
#pragma omp parallel
#pragma omp single
        value = fib(fork_fib_of);
        if (value != fork_fib_value)
            give_up("fib(32) is another number");
    }
}

static void fan_out(uint64_t count)
{
    for (; count > 0; count--) {
        uint64_t results[fan_out_tasks], sum = 0;
#pragma omp parallel
#pragma omp single
        for (uint64_t i = 0; i < fan_out_tasks; i++) {
#pragma omp task shared(results)
            results[i] = work_compute(i);
        }
        for (uint64_t result : results)
            sum += result;
        if (sum != fan_out_sum)
            give_up("the sum of the fan-out is another number");
    }
}
#endif

static const row rows[] = {
#ifndef BY_SHARE
    {"fork-fib", fork_fib, fork_fib_calls},
    {"fan-out", fan_out, 1},
    {"loop-1", loops<1>, loop_length},
    {"loop-32", loops<32>, loop_length},
#endif
    {"loop-1024", loops<1024>, loop_length},
    {"saxpy", saxpy, saxpy_length},
};

static void run(const row &row, unsigned workers)
{
    omp_set_num_threads(static_cast<int>(workers));
    measure(row, workers);
}

int main(int argc, char **argv)
{
    return choose(argc, argv, rows, run);
}
