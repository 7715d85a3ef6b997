// The peer of bench/tasks/keel/fork.c on the compiler's OpenMP: fib by tasks, loops by `parallel for`, which hands
// out parts of the grain (built with -DBY_SHARE: which gives every thread its share), and the fan-out by tasks.
#include "../repeat.hpp"
#include <omp.h>

#ifdef BY_SHARE
#define SCHEDULE(grain) schedule(static)
#else
#define SCHEDULE(grain) schedule(dynamic, grain)
#endif

// The compiler sees single iterations, so it is the one who makes parts of them.
template <int Grain> static void loops(uint64_t count)
{
    repeat_loop(count, [](unsigned char mark) {
#pragma omp parallel for SCHEDULE(Grain)
        for (int64_t i = 0; i < loop_length; i++)
            work_loop(i, i + 1, marks, mark);
    });
}

static void saxpy(uint64_t count)
{
    repeat_saxpy(count, [] {
#pragma omp parallel for SCHEDULE(saxpy_grain)
        for (int64_t i = 0; i < saxpy_length; i++)
            work_saxpy(i, i + 1, left_side, right_side);
    });
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
    repeat_fib(count, [](uint64_t n) {
        uint64_t value;
#pragma omp parallel
#pragma omp single
        value = fib(n);
        return value;
    });
}

static void fan_out(uint64_t count)
{
    repeat_fan_out(count, [](uint64_t *results) {
#pragma omp parallel
#pragma omp single
        for (uint64_t i = 0; i < fan_out_tasks; i++) {
#pragma omp task
            results[i] = work_compute(i);
        }
    });
}
#endif

static const row rows[] = {
#ifndef BY_SHARE
    {"fork-fib", fork_fib, fork_fib_calls},  {"fan-out", fan_out, 1},
    {"loop-1", loops<1>, loop_length},       {"loop-32", loops<32>, loop_length},
#endif
    {"loop-1024", loops<1024>, loop_length}, {"saxpy", saxpy, saxpy_length},
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
